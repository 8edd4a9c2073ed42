//! The codes: one for each fault, never used for another. KR01 is the way to the relay, KR02
//! tokens, tunnels and their rules, KR03 settings and files, KR04 running a relay, KR05 this machine, KR06 webhooks of kreel's own making, the mock and the proxy.

use std::fmt;

use crate::exit::Exit;

/// Declares the codes with their numbers and exit codes in one table.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal => $exit:ident,)*) => {
        /// Which fault it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code there is.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as people and scripts see it.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// How the program ends because of it.
            pub(crate) fn exit(self) -> Exit {
                match self {
                    $(Self::$name => Exit::$exit,)*
                }
            }
        }
    };
}

codes! {
    /// The relay's name has no address.
    NameNotResolved = "KR0101" => Network,
    /// Nobody listens at the relay's address.
    ConnectionRefused = "KR0102" => Network,
    /// Nobody answers at the relay's address.
    ConnectionTimedOut = "KR0103" => Network,
    /// There is no way to the relay's address.
    ConnectionFailed = "KR0104" => Network,
    /// The proxy in between can't be used, or won't connect.
    ProxyFailed = "KR0105" => Network,
    /// The relay's certificate is not trusted.
    CertificateNotTrusted = "KR0106" => Network,
    /// No TLS connection could be made.
    TlsFailed = "KR0107" => Network,
    /// The relay accepts connections and then says nothing.
    RelaySilent = "KR0108" => Network,
    /// What answers there is no relay.
    NotARelay = "KR0109" => Network,
    /// Relay and client have no version of the protocol in common.
    VersionMismatch = "KR0110" => Network,
    /// The relay is full, or shutting down.
    RelayUnavailable = "KR0111" => Network,
    /// The relay would not open the tunnel.
    TunnelRejected = "KR0112" => Network,
    /// The tunnel belongs to another token.
    TunnelTaken = "KR0113" => Auth,
    /// Another client has taken the tunnel over.
    TunnelReplaced = "KR0114" => Network,
    /// The link broke off.
    LinkLost = "KR0115" => Network,
    /// One end broke the link protocol.
    ProtocolBroken = "KR0116" => Network,
    /// The relay does not know the token.
    TokenRefused = "KR0201" => Auth,
    /// The token was revoked while it was in use.
    TokenRevoked = "KR0202" => Auth,
    /// There is a relay and no token for it.
    TokenMissing = "KR0203" => Auth,
    /// What was given as a token can't be one.
    TokenMalformed = "KR0204" => Auth,
    /// The file of the token can't be read.
    TokenFileUnreadable = "KR0205" => Auth,
    /// The saved token belongs to another relay.
    TokenForOtherRelay = "KR0206" => Auth,
    /// The relay has no token of this name.
    TokenNotFound = "KR0207" => NotFound,
    /// The relay has a token of this name already.
    TokenNameTaken = "KR0208" => Failure,
    /// The relay has no such tunnel of this token's.
    TunnelNotYours = "KR0210" => NotFound,
    /// The relay would not take rules for a tunnel.
    RulesRefused = "KR0211" => Failure,
    /// There can be no such rule for a tunnel.
    RuleInvalid = "KR0212" => Usage,
    /// No relay is configured that could be asked.
    RelayMissing = "KR0213" => Usage,
    /// There is no home folder to keep settings in.
    NoHome = "KR0301" => Failure,
    /// A file of settings can't be read.
    SettingsUnreadable = "KR0302" => Usage,
    /// A file of settings says what makes no sense.
    SettingsInvalid = "KR0303" => Usage,
    /// The project's file of settings holds a secret.
    SecretInProject = "KR0304" => Usage,
    /// Options that can't go together.
    OptionsConflict = "KR0305" => Usage,
    /// A file of kreel's own can't be read or written.
    FileUnusable = "KR0306" => Failure,
    /// The certificates to trust can't be used.
    RelayCaUnusable = "KR0307" => Usage,
    /// An option has a value that can't work.
    OptionUnusable = "KR0308" => Usage,
    /// Something has to be asked for, and there is nobody to ask.
    NobodyToAsk = "KR0309" => Usage,
    /// The history can't be used.
    HistoryUnusable = "KR0310" => Failure,
    /// The history has no such delivery.
    DeliveryNotFound = "KR0311" => NotFound,
    /// Several deliveries are meant, or none can be.
    DeliveryUnclear = "KR0312" => Usage,
    /// A filter can't be understood.
    FilterInvalid = "KR0313" => Usage,
    /// There is no app to hand deliveries to.
    TargetMissing = "KR0320" => Usage,
    /// A delivery can't be changed as was asked for.
    ChangeImpossible = "KR0321" => Failure,
    /// The secret can't be one of that scheme.
    SecretUnusable = "KR0322" => Usage,
    /// The editor failed, or nothing sensible came back from it.
    EditingFailed = "KR0323" => Failure,
    /// A cassette can't be read.
    CassetteUnreadable = "KR0324" => Usage,
    /// There is too much for one export.
    ExportTooLarge = "KR0325" => Failure,
    /// A rule for what does not count can't be understood.
    IgnoreInvalid = "KR0326" => Usage,
    /// What was named has had no such answer.
    AttemptNotFound = "KR0327" => NotFound,
    /// The probe failed.
    ProbeFailed = "KR0328" => Failure,
    /// What still waits can't be taken out.
    DeliveryWaiting = "KR0329" => Failure,
    /// Attempts were made that could not be written down.
    AttemptsNotKept = "KR0330" => Failure,
    /// Too few deliveries came in time.
    NotInTime = "KR0340" => TimedOut,
    /// More deliveries came than were to.
    TooMany = "KR0341" => Failure,
    /// A command that was run for a delivery failed.
    CommandFailed = "KR0342" => Failure,
    /// A rule for what is masked can't be understood.
    MaskInvalid = "KR0343" => Usage,
    /// There is a file where a cassette is to go.
    CassetteExists = "KR0344" => Usage,
    /// No delivery has a body with a type.
    NothingTyped = "KR0345" => Failure,
    /// No delivery that was to be recorded is here as a whole.
    NothingWhole = "KR0346" => Failure,
    /// The relay's address can't be listened on.
    AddressUnusable = "KR0401" => Failure,
    /// The relay's data folder can't be used.
    DataUnusable = "KR0402" => Failure,
    /// Another relay uses the data folder.
    DataInUse = "KR0403" => Failure,
    /// The relay's certificate or key can't be used.
    CertificateUnusable = "KR0404" => Failure,
    /// A newer kreel wrote the relay's data.
    DataNewer = "KR0405" => Failure,
    /// The relay's store failed.
    StoreFailed = "KR0406" => Failure,
    /// The program that is to take over a running relay can't.
    UpgradeRefused = "KR0407" => Failure,
    /// The operating system refuses something kreel can't do without.
    SystemRefused = "KR0501" => Failure,
    /// Too many relays of this project run at once.
    TooManyEmbedded = "KR0502" => Failure,
    /// The relay inside kreel has stopped by itself.
    EmbeddedStopped = "KR0503" => Failure,
    /// A webhook of the demo did not come through.
    DemoIncomplete = "KR0504" => Failure,
    /// Nothing listens where the app should be.
    AppAbsent = "KR0505" => Failure,
    /// There is no ready-made webhook of this name.
    EventNotFound = "KR0601" => NotFound,
    /// The body of a webhook can't be read, changed or signed like this.
    BodyUnusable = "KR0602" => Usage,
    /// The project has no tunnel to post to.
    NoTunnelYet = "KR0603" => NotFound,
    /// A webhook did not reach anyone.
    WebhookNotDelivered = "KR0604" => Network,
    /// A webhook was not answered with 2xx.
    WebhookRefused = "KR0605" => Failure,
    /// The editor did not work.
    EditorFailed = "KR0606" => Failure,
    /// The mock API or the proxy can't listen where it is to.
    LocalAddressUnusable = "KR0607" => Failure,
    /// The mock API was asked for what it can't do.
    MockUnusable = "KR0608" => Usage,
    /// The proxy was asked for what it won't do.
    ProxyUnusable = "KR0609" => Usage,
    /// No such job is known.
    JobNotFound = "KR0610" => NotFound,
    /// Several jobs are meant.
    JobUnclear = "KR0611" => Usage,
    /// There is no key to ask Krea's API with.
    KeyMissing = "KR0612" => Auth,
    /// Krea's API does not take the key.
    KeyRefused = "KR0613" => Auth,
    /// Krea's API could not be asked.
    ApiNotAsked = "KR0614" => Network,
    /// There is no webhook to make up for.
    JobNotDue = "KR0615" => Failure,
    /// The API does not confirm a webhook, so the app was not given it.
    NotVerified = "KR0630" => Failure,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
