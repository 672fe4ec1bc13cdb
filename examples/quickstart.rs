//! Everything in one run, without an AWS account: an emulator of AWS Signer and Amazon ECR is
//! started in this process, an image is pushed, signed and verified, and then refused three times,
//! with the messages that a user would see.
//!
//! `cargo run --example quickstart`

use std::error::Error;
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use countersign::envelope::UnverifiedEnvelope;
use countersign::notary::EnvelopeFormat;
use countersign_emulator::{Emulator, SigningProfile};
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::OciImageManifest;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

/// Set in the processes that this one starts: they are the program `countersign`.
const AS_COUNTERSIGN: &str = "COUNTERSIGN_QUICKSTART";

#[expect(clippy::disallowed_methods, reason = "an example is its own program")]
fn main() -> ExitCode {
    if std::env::var_os(AS_COUNTERSIGN).is_some() {
        return countersign::cli::run(std::env::args_os()).into();
    }
    match Quickstart::start().and_then(|quickstart| quickstart.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("\nThe quickstart failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

struct Quickstart {
    emulator: Emulator,
    /// Where `countersign` runs; it is removed at the end.
    home: tempfile::TempDir,
    root: PathBuf,
    profile: SigningProfile,
}

impl Quickstart {
    fn start() -> Result<Self, Box<dyn Error>> {
        // Registries are spoken to in plain HTTP by this name alone.
        if ("localhost", 0).to_socket_addrs().is_err() {
            let needed = "`localhost` does not resolve on this machine; add `127.0.0.1 localhost` to /etc/hosts";
            return Err(needed.into());
        }
        let emulator = Emulator::builder().start_blocking()?;
        let home = tempfile::tempdir()?;
        let root = home.path().join("root.crt");
        std::fs::write(&root, emulator.root_certificate_pem())?;
        let profile = emulator.create_signing_profile("release")?;
        Ok(Self {
            emulator,
            home,
            root,
            profile,
        })
    }

    fn run(&self) -> Result<(), Box<dyn Error>> {
        say(
            "Countersign keeps container images that nobody you trust has signed from running. AWS Signer\n\
             makes the signature; it is stored beside the image in the registry, and verified before the\n\
             image runs. Here AWS is played by an emulator in this very process: no account, no network,\n\
             and nothing is left behind.",
        );

        heading("1. An image is pushed to a registry");
        let image = self.push("shop", "an image")?;
        say(&format!("   {image}"));
        say("   The long number at the end is its digest: it names exactly these bytes.");

        heading("2. Nobody has signed it, so it is refused");
        self.verify(1, &self.profile, &image)?;

        heading("3. It is signed, with a signing profile of AWS Signer");
        self.expect(0, &["sign", "--signing-profile", &self.profile.arn, &image])?;
        say("   Who may use that profile is decided in AWS IAM: the profile is the signer.");

        heading("4. Now it is verified: that profile signed exactly this image");
        self.verify(0, &self.profile, &image)?;

        heading(
            "5. Refused: tampered. Somebody changed the image and moved the good signature over to it",
        );
        let tampered = self.push("shop", "an image with something else in it")?;
        self.move_signature(&image, &tampered)?;
        self.verify(1, &self.profile, &tampered)?;

        heading("6. Refused: wrong profile. The image is signed, but not by whom you asked for");
        let other = self.emulator.create_signing_profile("production")?;
        self.verify(1, &other, &image)?;

        heading(
            "7. Refused: revoked. The image turned out to be bad, and its signature was taken back",
        );
        self.emulator.revoke_signature(&self.job_of(&image)?)?;
        self.verify(1, &self.profile, &image)?;

        heading("Done");
        say(
            "   With AWS itself the same commands work without --trust-anchor: AWS's roots are built in.\n\
             \x20  README.md says how to go on: as a plugin of notation, or with trust policies.",
        );
        Ok(())
    }

    fn verify(
        &self,
        code: i32,
        profile: &SigningProfile,
        image: &str,
    ) -> Result<(), Box<dyn Error>> {
        let root = self.root.to_string_lossy();
        let profile = ["--signing-profile", &profile.arn];
        let arguments = [&["verify"], &profile[..], &["--trust-anchor", &root, image]].concat();
        self.expect(code, &arguments)
    }

    /// Runs `countersign`, shows command and output, and insists on the exit code.
    fn expect(&self, code: i32, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
        say(&format!(
            "   $ countersign {}",
            shown(arguments, self.home.path())
        ));
        let output = self.countersign(arguments)?;
        for line in text_of(&output).lines() {
            say(&format!("   {line}"));
        }
        let found = output.status.code();
        if found != Some(code) {
            return Err(format!("exit code {found:?}, wanted {code}").into());
        }
        say(&format!("   (exit code {code})"));
        Ok(())
    }

    fn countersign(&self, arguments: &[&str]) -> Result<Output, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(arguments)
            .env_clear()
            .env(AS_COUNTERSIGN, "1")
            .env("HOME", self.home.path())
            .envs(self.emulator.env());
        Ok(command.output()?)
    }

    /// Pushes a small real image with a client that is not ours, and gives its reference.
    fn push(&self, repository: &str, content: &str) -> Result<String, Box<dyn Error>> {
        let host = format!("localhost:{}", self.emulator.address().port());
        let reference: Reference = format!("{host}/{repository}:latest").parse()?;
        let layer = ImageLayer::oci_v1(content.as_bytes().to_vec(), None);
        let config = Config::oci_v1(br#"{"architecture":"amd64","os":"linux"}"#.to_vec(), None);
        let manifest = OciImageManifest::build(std::slice::from_ref(&layer), &config, None);
        let auth = RegistryAuth::Anonymous;
        let digest = self.with_client(async |client| {
            client
                .push(&reference, &[layer], config, &auth, Some(manifest))
                .await?;
            client.fetch_manifest_digest(&reference, &auth).await
        })?;
        Ok(format!("{host}/{repository}@{digest}"))
    }

    /// Files the signature of one image as one of another, as every user who may push can.
    fn move_signature(&self, from: &str, to: &str) -> Result<(), Box<dyn Error>> {
        let to: Reference = to.parse()?;
        let mut manifest = self.signature_of(from)?;
        let accepted = ["application/vnd.oci.image.manifest.v1+json"];
        let (image, digest) = self.with_client(async |client| {
            client
                .pull_manifest_raw(&to, &RegistryAuth::Anonymous, &accepted)
                .await
        })?;
        if let Some(subject) = &mut manifest.subject {
            subject.digest = digest;
            subject.size = i64::try_from(image.len())?;
        }
        let bytes = serde_json::to_vec(&manifest)?;
        let moved = to.clone_with_digest(countersign::oci::sha256_digest(&bytes).to_string());
        let media_type = "application/vnd.oci.image.manifest.v1+json".parse()?;
        self.with_client(async |client| client.push_manifest_raw(&moved, bytes, media_type).await)?;
        Ok(())
    }

    /// The job of AWS Signer that made the signature: what is revoked.
    fn job_of(&self, image: &str) -> Result<String, Box<dyn Error>> {
        let manifest = self.signature_of(image)?;
        let image: Reference = image.parse()?;
        let layer = manifest
            .layers
            .first()
            .ok_or("the signature has no envelope")?;
        let mut envelope = Vec::new();
        self.with_client(async |client| client.pull_blob(&image, layer, &mut envelope).await)?;
        let envelope = UnverifiedEnvelope::parse(EnvelopeFormat::Jws, &envelope)?;
        let attributes = &envelope.signer_info().signed_attributes.extended;
        let job = attributes
            .iter()
            .find(|attribute| attribute.name == "com.amazonaws.signer.signingJob")
            .and_then(|attribute| attribute.value.as_str());
        Ok(job.ok_or("the signature names no job")?.to_owned())
    }

    fn signature_of(&self, image: &str) -> Result<OciImageManifest, Box<dyn Error>> {
        let image: Reference = image.parse()?;
        let referrers =
            self.with_client(async |client| client.pull_referrers(&image, None).await)?;
        let signature = referrers
            .manifests
            .first()
            .ok_or("the image has no signature")?;
        let signature = image.clone_with_digest(signature.digest.clone());
        let auth = RegistryAuth::Anonymous;
        let (manifest, _) =
            self.with_client(async |client| client.pull_image_manifest(&signature, &auth).await)?;
        Ok(manifest)
    }

    #[expect(clippy::unused_self, reason = "reads as part of the story")]
    fn with_client<T>(
        &self,
        work: impl AsyncFnOnce(&Client) -> oci_client::errors::Result<T>,
    ) -> Result<T, Box<dyn Error>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let protocol = ClientProtocol::Http;
        let client = Client::new(ClientConfig {
            protocol,
            ..ClientConfig::default()
        });
        Ok(runtime.block_on(work(&client))?)
    }
}

/// The command without the temporary directory that it is run in.
fn shown(arguments: &[&str], home: &Path) -> String {
    arguments
        .join(" ")
        .replace(&format!("{}/", home.display()), "")
}

fn text_of(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stderr) + &text(&output.stdout)
}

fn heading(text: &str) {
    say(&format!("\n{text}"));
}

#[expect(clippy::print_stdout, reason = "an example that shows something")]
fn say(text: &str) {
    println!("{text}");
}
