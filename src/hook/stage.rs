//! The stages of an ECS deployment at which a hook is called, and what is done at each.

use std::fmt;

/// A lifecycle stage of a deployment (API model of Amazon ECS, `DeploymentLifecycleHookStage`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Several revisions run before the deployment begins.
    ReconcileService,
    /// Before a task of the new revision starts: the only stage at which nothing of it has run.
    PreScaleUp,
    /// The tasks of the new revision run.
    PostScaleUp,
    /// Test traffic goes to the new revision.
    TestTrafficShift,
    /// Test traffic has gone to it.
    PostTestTrafficShift,
    /// Before production traffic goes to it; for linear and canary deployments, before each step.
    PreProductionTrafficShift,
    /// Production traffic goes to it, or in a rollback away from it.
    ProductionTrafficShift,
    /// Production traffic has gone.
    PostProductionTrafficShift,
}

/// What is done at a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageRule {
    /// The images are checked.
    Check,
    /// The images are checked, unless the deployment is rolled back: then a refusal would only hold the way back.
    CheckUnlessRollback,
}

impl Stage {
    /// Every stage, in its order.
    pub const ALL: [Self; 8] = [
        Self::ReconcileService,
        Self::PreScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::PreProductionTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
    ];

    /// The stage of this name in an event.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }

    /// Its name in an event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
        }
    }

    /// What is done at it. `docs/ecs-hook.md` has the same table.
    pub const fn rule(self) -> StageRule {
        match self {
            Self::ReconcileService
            | Self::PreScaleUp
            | Self::PostScaleUp
            | Self::TestTrafficShift
            | Self::PostTestTrafficShift
            | Self::PreProductionTrafficShift => StageRule::Check,
            Self::ProductionTrafficShift | Self::PostProductionTrafficShift => {
                StageRule::CheckUnlessRollback
            }
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_two_stages_know_a_rollback() {
        let of = |rule| {
            let stages = Stage::ALL
                .into_iter()
                .filter(move |stage| stage.rule() == rule);
            stages.map(Stage::as_str).collect::<Vec<_>>()
        };
        assert_eq!(
            of(StageRule::CheckUnlessRollback),
            ["PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"]
        );
        assert_eq!(of(StageRule::Check).len(), 6);
        for stage in Stage::ALL {
            assert_eq!(Stage::from_name(stage.as_str()), Some(stage));
        }
        assert_eq!(Stage::from_name("pre_scale_up"), None);
        assert_eq!(Stage::from_name("PRE_SCALE"), None);
    }
}
