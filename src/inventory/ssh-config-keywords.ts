/** What is done with a keyword that OpenSSH knows. */
export type SshKeyword = 'used' | 'warned' | 'refused' | 'idle'

const used =
  'HostName Port User IdentityFile IdentitiesOnly IdentityAgent UserKnownHostsFile GlobalKnownHostsFile HashKnownHosts HostKeyAlias ProxyJump ProxyCommand ConnectTimeout ServerAliveInterval ServerAliveCountMax StrictHostKeyChecking IgnoreUnknown CertificateFile PKCS11Provider SecurityKeyProvider'

// Without these we would reach another machine, trust a key that is not to be trusted, or not get in.
const refused = 'RevokedHostKeys CanonicalizeHostname ProxyUseFdpass'

// The connection is made another way than ssh would make it; it works or fails closed.
const warned =
  'AddressFamily BindAddress BindInterface Ciphers KexAlgorithms MACs HostKeyAlgorithms PubkeyAcceptedAlgorithms PubkeyAcceptedKeyTypes CASignatureAlgorithms HostbasedAcceptedAlgorithms HostbasedKeyTypes RequiredRSASize KnownHostsCommand VerifyHostKeyDNS CheckHostIP NoHostAuthenticationForLocalhost PreferredAuthentications PubkeyAuthentication PasswordAuthentication KbdInteractiveAuthentication ChallengeResponseAuthentication HostbasedAuthentication NumberOfPasswordPrompts ConnectionAttempts RekeyLimit IPQoS RemoteCommand SetEnv Compression TCPKeepAlive'

// What an interactive session, a shared master or another's screen would have; nothing that a runner does depends on it.
const idle =
  'AddKeysToAgent BatchMode CanonicalDomains CanonicalizeFallbackLocal CanonicalizeMaxDots CanonicalizePermittedCNAMEs ClearAllForwardings ControlMaster ControlPath ControlPersist DynamicForward EnableEscapeCommandline EnableSSHKeysign EscapeChar ExitOnForwardFailure FingerprintHash ForkAfterAuthentication ForwardAgent ForwardX11 ForwardX11Timeout ForwardX11Trusted GatewayPorts GSSAPIAuthentication GSSAPIClientIdentity GSSAPIDelegateCredentials GSSAPIKexAlgorithms GSSAPIKeyExchange GSSAPIRenewalForcesRekey GSSAPIServerIdentity GSSAPITrustDns KbdInteractiveDevices LocalCommand LocalForward LogLevel LogVerbose PermitLocalCommand PermitRemoteOpen RemoteForward RequestTTY SendEnv SessionType StdinNull StreamLocalBindMask StreamLocalBindUnlink SyslogFacility Tag Tunnel TunnelDevice UpdateHostKeys UseKeychain VisualHostKey XAuthLocation ObscureKeystrokeTiming ChannelTimeout'

const kinds: ReadonlyMap<string, SshKeyword> = new Map(
  Object.entries({ used, refused, warned, idle }).flatMap(([kind, names]) =>
    names.split(' ').map((name) => [name.toLowerCase(), kind as SshKeyword] as const),
  ),
)

/** What is done with a keyword in small letters; undefined where OpenSSH too would say that it is none. */
export const keywordKind = (key: string): SshKeyword | undefined => kinds.get(key)

/** Keywords of which each further line adds a value; of all others the first counts. */
export const addsUp = (key: string): boolean => key === 'identityfile' || key === 'certificatefile'
