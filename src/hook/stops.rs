//! Which tasks are stopped: by setting, in named clusters, so many in an hour.

use std::collections::VecDeque;
use std::time::Duration;

use super::moment::Moment;
use super::package::StopSetting;
use crate::aws::EcsArn;

const HOUR: Duration = Duration::from_hours(1);

/// The stops of the last hour, by this process.
#[derive(Debug, Default)]
pub(super) struct Stops(VecDeque<Moment>);

/// Why a task is not stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotStopped {
    /// No cluster is named.
    #[error("the package stops no tasks")]
    Setting,
    /// The package does not name the cluster.
    #[error("the package does not name the cluster `{0}` in `stopTasks`")]
    Cluster(String),
    /// As many as may be were stopped.
    #[error("the limit of {0} stopped tasks in an hour is reached")]
    Limit(u64),
}

impl Stops {
    /// Counts a stop of `task`, if it may be stopped at `now`.
    ///
    /// # Errors
    ///
    /// [`NotStopped`].
    pub(super) fn begin(
        &mut self,
        setting: Option<&StopSetting>,
        task: &EcsArn,
        now: Moment,
    ) -> Result<(), NotStopped> {
        let setting = setting.ok_or(NotStopped::Setting)?;
        let cluster = task.cluster_arn();
        if !setting.clusters.contains(&cluster) {
            return Err(NotStopped::Cluster(cluster.to_string()));
        }
        self.0.retain(|stop| stop.least_age(now) < HOUR);
        if u64::try_from(self.0.len()).unwrap_or(u64::MAX) >= setting.most_per_hour {
            return Err(NotStopped::Limit(setting.most_per_hour));
        }
        self.0.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use tokio::time::Instant;

    use super::*;
    use crate::aws::EcsKind;

    const BEFORE: &str = "arn:aws:ecs:us-west-2:111122223333";

    #[test]
    fn only_named_clusters_and_so_many_in_an_hour() {
        let cluster =
            |name: &str| EcsArn::new(EcsKind::Cluster, &format!("{BEFORE}:cluster/{name}"));
        let task =
            |name: &str| EcsArn::new(EcsKind::Task, &format!("{BEFORE}:task/{name}/0af")).unwrap();
        let setting = StopSetting {
            clusters: vec![cluster("prod").unwrap()],
            most_per_hour: 2,
        };
        let mut stops = Stops::default();
        let start = Moment {
            wall: datetime!(2026-11-29 12:00 UTC),
            steady: Instant::now(),
        };
        let after = |wall: i64, steady: u64| Moment {
            wall: start.wall + time::Duration::seconds(wall),
            steady: start.steady + Duration::from_secs(steady),
        };
        assert_eq!(
            stops.begin(None, &task("prod"), start),
            Err(NotStopped::Setting)
        );
        let other = stops.begin(Some(&setting), &task("test"), start);
        assert_eq!(
            other,
            Err(NotStopped::Cluster(format!("{BEFORE}:cluster/test")))
        );
        let mut begin = |now| stops.begin(Some(&setting), &task("prod"), now);
        assert_eq!(begin(start), Ok(()));
        assert_eq!(begin(after(10, 10)), Ok(()));
        assert_eq!(begin(after(20, 20)), Err(NotStopped::Limit(2)));
        // One clock alone does not make an hour.
        assert_eq!(begin(after(7_200, 30)), Err(NotStopped::Limit(2)));
        assert_eq!(begin(after(-7_200, 7_200)), Err(NotStopped::Limit(2)));
        assert_eq!(begin(after(3_600, 3_600)), Ok(()));
        assert_eq!(begin(after(3_600, 3_600)), Err(NotStopped::Limit(2)));
    }
}
