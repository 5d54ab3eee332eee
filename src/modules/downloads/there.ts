import { type Command, sh } from '../../model/command.ts'

/** What a machine fetches by itself. */
export interface FetchThere {
  readonly program: 'curl' | 'wget'
  readonly sha256: string
  /** A directory of ours for what has come so far, which stays for the next try. */
  readonly part: string
  readonly maxBytes: number
  readonly redirects: number
  /** Whether nothing but https is spoken, redirects included. */
  readonly secure: boolean
  readonly ca?: string | undefined
}

/**
 * Fetches an address into `PART/SHA256`, whole and proved. The address, and then the headers, are the lines of its input, and
 * go on in a file that only we may read. What is cut goes on from what has come; bytes that are wrong are thrown
 * away, and fetched once more if some of them were from an earlier try. Proxies are those of the machine's environment.
 */
export function fetchThere(given: FetchThere): Command {
  const { program, sha256, part, maxBytes, redirects, secure, ca } = given
  return sh`umask 077; t=${part}; p=${sha256}
die() { printf '%s\n' "$1"; exit 3; }
ours() { [ -d "$t" ] && [ ! -L "$t" ] && [ "$(stat -c '%u %a' -- "$t")" = "$(id -u) 700" ]; }
ours || { rm -rf -- "$t" && mkdir -m 0700 -- "$t" && ours; } || die "$t cannot be made"
cd -- "$t" || exit 1
trap 'rm -f request config url head' EXIT; trap 'exit 9' HUP INT TERM
for q in * .*; do case $q in . | .. | "$p" | "$p.tag") ;; *) rm -rf -- "$q" ;; esac; done
[ ! -e "$p" ] && [ ! -L "$p" ] || { [ -f "$p" ] && [ ! -L "$p" ] && [ "$(stat -c %h -- "$p")" = 1 ]; } || rm -rf -- "$p"
cat >request && head -n 1 request >url || exit 1
whole() { [ -f "$p" ] && [ "$(sha256sum <"$p")" = "$p  -" ]; }
have() { if [ -f "$p" ]; then stat -c %s -- "$p"; else echo 0; fi; }
most=$((${maxBytes} / 512 + 1)); set -- $(stat -f -c '%a %S %b' .)
[ $# != 3 ] || [ "$3" = 0 ] || { free=$(($1 * $2 / 512 + $(have) / 512)); [ "$free" -ge "$most" ] || most=$free; }
${program === 'curl' ? curl(redirects, secure, ca) : wget(redirects, secure, ca)}
stalls=0; anew=; resumed=
while :; do
whole && exit 0
before=$(have); [ "$before" = 0 ] || resumed=y
( ulimit -f "$most" && fetch ) </dev/null >&2; code=$?
whole && exit 0
! full $code || { rm -f -- "$p" "$p.tag"; die "No space left, or it has more bytes than it may have: ${maxBytes}"; }
if [ "$(have)" -gt "$before" ] && again $code; then stalls=0
elif again $code && [ $stalls -lt 3 ]; then stalls=$((stalls + 1))
elif wrong $code; then
rm -f -- "$p" "$p.tag"; [ -z "$anew" ] && [ -n "$resumed" ] || die "what came has another SHA-256 than was told, and is thrown away"
anew=y; stalls=0
else die "it could not be fetched (${program} ended with $code)"; fi
done`
}

// `full`: it has no room, or has met the limit (153: SIGXFSZ).
// 18, 28, 52, 55, 56, 92: it broke off. 33, 36 and an answer 416: what is there is not its beginning.
const curl = (redirects: number, secure: boolean, ca: string | undefined): Command => sh`
sed 's/["\\]/\\&/g; 1s/.*/url = "&"/; 2,$s/.*/header = "&"/' request >config || exit 1
fetch() {
set -- -q -K config -sS --fail --location --max-redirs ${redirects} --proto ${secure ? '=https' : '=http,https'} --proto-redir ${secure ? '=https' : '=http,https'} --connect-timeout 30 --speed-limit 1 --speed-time 60 ${ca === undefined ? [] : ['--cacert', ca]} -D head -o "$p"
[ ! -s "$p" ] || set -- "$@" -C -
[ ! -s "$p" ] || [ ! -s "$p.tag" ] || set -- "$@" -H "If-Range: $(cat "$p.tag")"
curl "$@"; r=$?
tag=$(tr -d '\r' <head | sed -n 's/^[Ee][Tt][Aa][Gg]: *\("[^"]*"\)$/\1/p' | tail -n 1); [ -z "$tag" ] || printf '%s\n' "$tag" >"$p.tag"
return $r; }
full() { [ "$1" = 23 ] || [ "$1" = 153 ]; }
again() { case $1 in 18 | 28 | 52 | 55 | 56 | 92) return 0 ;; esac; return 1; }
wrong() { case $1 in 0 | 33 | 36) return 0 ;; 22) grep -q '^HTTP[^ ]* 416' head ;; *) return 1 ;; esac; }`

// It would follow a redirect from https to http, so over https it follows none.
const wget = (redirects: number, secure: boolean, ca: string | undefined): Command => sh`
sed -n '2,$s/^/header = /p' request >config || exit 1
fetch() { WGETRC=$t/config wget -nv -c -t 1 -T 60 --max-redirect=${secure ? 0 : redirects} ${ca === undefined ? [] : [`--ca-certificate=${ca}`]} -O "$p" -i url; }
full() { [ "$1" = 3 ] || [ "$1" = 153 ]; }
again() { [ "$1" = 4 ]; }
wrong() { case $1 in 0) return 0 ;; 8) [ -n "$resumed" ] ;; *) return 1 ;; esac; }`
