//! What is found where somebody looks whether all is as it should be.

/// How good a thing is that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Good,
    /// It may be meant so.
    Doubtful,
    /// It must be mended.
    Bad,
}

/// What was found where somebody looked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How good it is.
    pub grade: Grade,
    /// What it is, and what to mend, in words.
    pub says: String,
}

impl Finding {
    /// It is as it should be.
    pub fn good(says: impl Into<String>) -> Self {
        Self { grade: Grade::Good, says: says.into() }
    }

    /// It may be meant so.
    pub fn doubtful(says: impl Into<String>) -> Self {
        Self { grade: Grade::Doubtful, says: says.into() }
    }

    /// It must be mended.
    pub fn bad(says: impl Into<String>) -> Self {
        Self { grade: Grade::Bad, says: says.into() }
    }
}
