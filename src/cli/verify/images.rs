//! The flags of `verify` about multi-platform images.

use crate::cli::output::CommandOutput;
use crate::oci::{self, Digest};
use crate::verify::{CoveredBy, Images, Platform};

/// Which images of an index are judged, and by whose signature.
#[derive(Debug, clap::Args)]
pub(super) struct ImagesArgs {
    /// Verify the image of every platform of a multi-platform image, not the index itself
    #[arg(long, conflicts_with_all = ["platform", "index"])]
    recursive: bool,
    /// Verify the image of this platform of a multi-platform image, for example linux/arm64
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", conflicts_with = "index")]
    platform: Option<Platform>,
    /// Whose signature counts for an image of an index: the image's own, or the index's
    #[arg(
        long,
        value_name = "SIGNED",
        default_value = "image",
        hide_possible_values = true
    )]
    covered_by: Covering,
    /// Digest of the index, in the same repository, whose signature is to count for the image; needs
    /// --covered-by index
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    index: Option<Digest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Covering {
    Image,
    Index,
}

fn digest(text: &str) -> Result<Digest, String> {
    oci::parse_digest(text).map_err(|error| error.to_string())
}

impl ImagesArgs {
    /// What is judged.
    pub(super) fn images(&self) -> Result<Images, CommandOutput> {
        let covered_by = match self.covered_by {
            Covering::Image => CoveredBy::Image,
            Covering::Index => CoveredBy::Index,
        };
        match (self.recursive, &self.platform, &self.index, covered_by) {
            (_, _, Some(index), CoveredBy::Index) => Ok(Images::Within(index.clone())),
            (_, _, Some(_), CoveredBy::Image) => Err(CommandOutput::usage(
                "`--index` names an index whose signature does not count",
                Some("add `--covered-by index`".to_owned()),
            )),
            (_, Some(platform), None, by) => Ok(Images::OfPlatform(platform.clone(), by)),
            (true, None, None, by) => Ok(Images::All(by)),
            (false, None, None, CoveredBy::Index) => Err(CommandOutput::usage(
                "`--covered-by index` does not say which images are verified",
                Some(
                    "for a multi-platform image add `--recursive` or `--platform linux/amd64`; for one image name \
                     its index with `--index DIGEST`"
                        .to_owned(),
                ),
            )),
            (false, None, None, CoveredBy::Image) => Ok(Images::AsNamed),
        }
    }
}
