//! What the tasks of the store came to.
//!
//! A task may be taken into the index in several steps, and one step may end several tasks, so what
//! became of each report is gathered by task until all of the task is there.

use std::collections::{BTreeMap, HashMap};

use super::tally::Tally;
use crate::index::Taken;
use crate::store::{Outcome, Store, Task};

/// Warnings and failures that are kept of one task; all are counted.
const KEPT: usize = 100;

/// What became of the reports of tasks that have not ended.
#[derive(Default)]
pub(super) struct Outcomes {
    of: HashMap<u64, Gathered>,
}

#[derive(Default)]
struct Gathered {
    reports: u64,
    passages: u64,
    failed: u64,
    warned: u64,
    warnings: Vec<String>,
    failures: Vec<String>,
}

impl Outcomes {
    /// Takes note of what became of reports.
    pub(super) fn gather(&mut self, taken: Vec<Taken>, unfinished: &[Task]) {
        for taken in taken {
            if let Some(task) = taken.task.or_else(|| task_of(taken.seq, unfinished)) {
                self.of.entry(task).or_default().add(taken);
            }
        }
    }

    /// What those tasks came to that are in the index as far as `through`, which holds them.
    pub(super) fn of_ended(&mut self, unfinished: &[Task], through: u64) -> Vec<(u64, Outcome)> {
        unfinished
            .iter()
            .filter(|task| task.last <= through)
            .map(|task| {
                let gathered = self.of.remove(&task.id).unwrap_or_default();
                (task.id, gathered.outcome())
            })
            .collect()
    }

    /// Ends the tasks whose reports can be found, and says whether there were any.
    pub(super) fn end(
        &mut self,
        store: &Store,
        taken: Vec<Taken>,
        through: u64,
        tally: &Tally,
    ) -> bool {
        let unfinished = store.unfinished();
        self.gather(taken, &unfinished);
        let ended = self.of_ended(&unfinished, through);
        if ended.is_empty() {
            return false;
        }
        for (_, outcome) in &ended {
            tally.ended(outcome.error.is_none());
        }
        if let Err(error) = store.finish(ended) {
            tracing::warn!(%error, "任务的结果没有存下；重新启动后会再次处理，不影响内容");
        }
        true
    }
}

/// The task of a write whose task is not remembered: the latest that it can belong to.
fn task_of(seq: u64, unfinished: &[Task]) -> Option<u64> {
    let fits = |task: &&Task| task.id <= seq && seq <= task.last;
    unfinished.iter().rev().find(fits).map(|task| task.id)
}

impl Gathered {
    fn add(&mut self, taken: Taken) {
        self.passages += taken.passages;
        for warning in taken.warnings {
            self.warned += 1;
            if self.warnings.len() < KEPT {
                self.warnings.push(format!("{}：{warning}", taken.id));
            }
        }
        match taken.error {
            None => self.reports += 1,
            Some(error) => {
                self.failed += 1;
                if self.failures.len() < KEPT {
                    self.failures.push(format!("{}：{error}", taken.id));
                }
            }
        }
    }

    fn outcome(self) -> Outcome {
        let counts = [
            ("indexed_reports", self.reports),
            ("passages", self.passages),
            ("failed_reports", self.failed),
            ("warnings", self.warned),
        ];
        let error = (self.failed > 0).then(|| {
            format!(
                "{} 份报告没有收入索引：{}",
                self.failed,
                self.failures.join("；")
            )
        });
        Outcome {
            counts: counts
                .into_iter()
                .map(|(name, count)| (name.to_owned(), count))
                .collect::<BTreeMap<_, _>>(),
            warnings: self.warnings,
            error,
        }
    }
}
