/// Why a foreign hash cannot be taken over; never repeats the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashRefusal {
    /// Bare digits that do not say what made them.
    #[error("the hash does not say how it was made; give hash_scheme (md5, sha1, sha256, …)")]
    Unnamed,
    /// A scheme this server does not know, or must not take.
    #[error("{0} cannot be taken over")]
    Unsupported(&'static str),
    /// It names a scheme but does not have its form.
    #[error("{0}")]
    Malformed(&'static str),
    /// It would cost too much memory or time at every sign-in (PW-19).
    #[error("{what} is over the limit of {max}")]
    TooCostly {
        /// Which parameter.
        what: &'static str,
        /// The most that is accepted.
        max: u64,
    },
    /// It would prove too little.
    #[error("{what} is under the least of {min}")]
    TooLittle {
        /// Which parameter.
        what: &'static str,
        /// The least that is accepted.
        min: u64,
    },
}
