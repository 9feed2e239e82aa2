//! Findings in numbers.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use hermetic_out::{Finding, FindingKind, Severity};

/// How many findings there are of each severity. What is worse is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counts {
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
}

impl Counts {
    pub(super) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Note => counts.notes += 1,
            }
        }
        counts
    }

    /// The numbers, the worst first.
    fn by_severity(self) -> [(Severity, usize); 3] {
        [
            (Severity::Error, self.errors),
            (Severity::Warning, self.warnings),
            (Severity::Note, self.notes),
        ]
    }

    /// The greatest severity there is.
    #[cfg(feature = "html")]
    pub(super) fn worst(self) -> Option<Severity> {
        let mut numbers = self.by_severity().into_iter();
        numbers
            .find(|(_, number)| *number > 0)
            .map(|(severity, _)| severity)
    }

    pub(super) fn all(self) -> usize {
        self.errors + self.warnings + self.notes
    }
}

/// "2 errors, 1 note"; empty if there is nothing.
impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.by_severity().into_iter();
        let parts: Vec<String> = numbers
            .filter(|(_, number)| *number > 0)
            .map(|(severity, number)| count(number, severity.name()))
            .collect();
        formatter.pad(&parts.join(", "))
    }
}

/// What one rule found.
pub(super) struct RuleFindings {
    pub(super) kind: &'static FindingKind,
    pub(super) counts: Counts,
}

/// The findings by their rules: the rule with the worst, and the most of them, first.
pub(super) fn by_rule(findings: &[Finding]) -> Vec<RuleFindings> {
    let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        rules.entry(finding.kind.id).or_default().push(finding);
    }
    let mut rules: Vec<RuleFindings> = rules
        .into_values()
        .map(|findings| RuleFindings {
            kind: findings[0].kind,
            counts: Counts::of(findings),
        })
        .collect();
    rules.sort_by_key(|rule| Reverse(rule.counts));
    rules
}

/// A number and its noun.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
