//! The registry that a pipeline pushes to: the emulator's, or distribution's where `tests/interop/run` has built it.

use std::process::{Child, Command, Stdio};

use crate::support::scene::Scene;
use crate::support::waiting;

pub(super) struct Registry {
    /// `localhost:PORT`.
    pub(super) host: String,
    process: Option<Child>,
}

impl Registry {
    pub(super) fn start(scene: &Scene) -> Self {
        match std::env::var_os("DISTRIBUTION_REGISTRY_BIN") {
            Some(program) => Self::distribution(scene, program.as_ref()),
            None => Self::of_emulator(scene),
        }
    }

    pub(super) fn of_emulator(scene: &Scene) -> Self {
        Self {
            host: scene.registry().to_owned(),
            process: None,
        }
    }

    fn distribution(scene: &Scene, program: &std::path::Path) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let folder = scene.sandbox.home().join("distribution");
        std::fs::create_dir(&folder).unwrap();
        let configuration = folder.join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: \"{}/data\"}}}}\nhttp: {{addr: \"{address}\"}}\n",
            folder.display()
        );
        std::fs::write(&configuration, text).unwrap();
        let process = Command::new(program)
            .arg("serve")
            .arg(&configuration)
            .env_clear()
            .env("OTEL_TRACES_EXPORTER", "none")
            .env("HOME", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self {
            host: format!("{}:{}", waiting::localhost(), address.port()),
            process: Some(process),
        };
        waiting::until("distribution's registry", || {
            std::net::TcpStream::connect_timeout(&address, waiting::LIMIT).is_ok()
        });
        started
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.try_wait();
        }
    }
}
