//! The kinds of documents that say what will run.

use super::error::Error;
use super::place::{Finder, Place};
use super::{cloudformation, compose, image_files, kubernetes, lambda_function, task_definition};

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A task definition of Amazon ECS, or of an ECS daemon.
    TaskDefinition,
    /// A Compose file.
    Compose,
    /// Kubernetes manifests.
    Kubernetes,
    /// `imagedefinitions.json` of AWS CodePipeline.
    ImageDefinitions,
    /// `imageDetail.json` of AWS CodePipeline.
    ImageDetail,
    /// A CloudFormation template.
    CloudFormation,
    /// A function of AWS Lambda.
    LambdaFunction,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::TaskDefinition,
        Self::Compose,
        Self::Kubernetes,
        Self::ImageDefinitions,
        Self::ImageDetail,
        Self::CloudFormation,
        Self::LambdaFunction,
    ];

    /// The name, as the command line has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskDefinition => "task-definition",
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
            Self::ImageDefinitions => "image-definitions",
            Self::ImageDetail => "image-detail",
            Self::CloudFormation => "cloudformation",
            Self::LambdaFunction => "lambda-function",
        }
    }

    /// Whether a file may have several documents.
    pub(super) const fn may_be_several(self) -> bool {
        matches!(self, Self::Kubernetes)
    }

    /// Whether the service that deploys it reads only JSON.
    pub(super) const fn is_json(self) -> bool {
        matches!(self, Self::ImageDefinitions | Self::ImageDetail)
    }

    /// The images of one document.
    pub(super) fn find<'d>(self, finder: &mut Finder<'d>, root: &Place<'d>) -> Result<(), Error> {
        match self {
            Self::TaskDefinition => task_definition::find(finder, root)?,
            Self::Compose => compose::find(finder, root)?,
            // These look elsewhere themselves: not in schemas, and not in parameters.
            Self::Kubernetes => return kubernetes::find(finder, root),
            Self::CloudFormation => return cloudformation::find(finder, root),
            Self::ImageDefinitions => image_files::find_definitions(finder, root)?,
            Self::ImageDetail => image_files::find_detail(finder, root)?,
            Self::LambdaFunction => lambda_function::find(finder, root)?,
        }
        finder.look_elsewhere(root);
        Ok(())
    }
}
