/// The mark a notice or a row carries: its shape, its character and the words beside it say the
/// same (ux 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// 通: passed, done.
    Pass,
    /// 問: asked, failed, needs you.
    Ask,
    /// 止: stopped, error.
    Stop,
    /// 報: information.
    Info,
    /// 変: something was changed.
    Change,
}

impl Stamp {
    pub(super) const fn character(self) -> &'static str {
        match self {
            Self::Pass => "通",
            Self::Ask => "問",
            Self::Stop => "止",
            Self::Info => "報",
            Self::Change => "変",
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Pass => "stamp--pass",
            Self::Ask => "stamp--ask",
            Self::Stop => "stamp--stop",
            Self::Info => "stamp--info",
            Self::Change => "stamp--change",
        }
    }

    pub(super) const fn notice_class(self) -> &'static str {
        match self {
            Self::Pass => "notice--pass",
            Self::Ask => "notice--ask",
            Self::Stop => "notice--stop",
            Self::Info | Self::Change => "notice--info",
        }
    }

    pub(super) const fn is_stop(self) -> bool {
        matches!(self, Self::Stop)
    }
}

/// What is wrong with a field; the same words stand in the summary and beside the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Id of the field.
    pub field: &'static str,
    /// What is wrong.
    pub text: String,
}

/// What stands above the heading after something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its kind.
    pub stamp: Stamp,
    /// What happened.
    pub heading: String,
    /// What to do.
    pub text: Option<String>,
    /// Where to do it: address and words.
    pub link: Option<(String, String)>,
    /// Which field to look at.
    pub fault: Option<Fault>,
}

impl Notice {
    pub(super) const fn new(stamp: Stamp, heading: String) -> Self {
        Self {
            stamp,
            heading,
            text: None,
            link: None,
            fault: None,
        }
    }

    pub(super) fn saying(mut self, text: String) -> Self {
        self.text = Some(text);
        self
    }

    pub(super) fn leading(mut self, href: impl Into<String>, words: String) -> Self {
        self.link = Some((href.into(), words));
        self
    }

    pub(super) fn about(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }
}
