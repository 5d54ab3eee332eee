// error: Argument of type 'Secret' is not assignable to parameter of type 'Word'
import { secret, sh } from 'upgrade-fleet'

export const command = sh`mysql -p${secret('env:PASSWORD')}`
