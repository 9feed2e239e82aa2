//! Who is asked, and what counts as an answer.
//!
//! A peer has found a defect if it says something of the tree with the defect that it does not say
//! of the twin without. So each peer is believed without a list of what it ought to say; only what it
//! would say of any such file is taken out, by `beside_the_point` of the defect.

use std::collections::{BTreeMap, BTreeSet};

use crate::defects::Defect;

pub mod format_tools;
pub mod lint;
pub mod lintian;
pub mod systemd;

/// What a judge said of a tree: messages, without anything that differs from tree to tree.
pub type Said = BTreeSet<String>;

/// What a judge made of a defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It says these things of the defect.
    Found(Vec<String>),
    /// It says nothing that it does not say of the twin.
    Missed,
    /// It does not read such files, or it is no defect in what it reads.
    NotAsked,
}

impl Verdict {
    /// What is said of the defect and not of its twin.
    #[must_use]
    pub fn of(defect: &Defect, planted: &Said, twin: &Said) -> Self {
        let beside = |said: &String| defect.beside_the_point.iter().any(|one| said.contains(one));
        let new = planted.difference(twin).filter(|said| !beside(said));
        let new: Vec<String> = new.cloned().collect();
        if new.is_empty() {
            Self::Missed
        } else {
            Self::Found(new)
        }
    }
}

/// A judge's verdicts, by the defect's name.
pub type Verdicts = BTreeMap<String, Verdict>;
