//! The list of an artifact's signatures, from a registry on loopback that has it in memory.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use countersign::http::{Pool, Settings};
use countersign::oci;
use countersign::reference::Reference;
use countersign::registry::{Access, Client, Credentials, PlainHttp};
use divan::Bencher;

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

/// Entries of the index, all of them signatures.
#[divan::bench(args = [1, 100, 5_000])]
fn list(bencher: Bencher<'_, '_>, entries: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let registry = listener.local_addr().unwrap();
    let answer = answer(&index(entries));
    thread::spawn(move || {
        for connection in listener.incoming() {
            serve(&connection.unwrap(), &answer);
        }
    });
    let digest = oci::sha256_digest(b"an image");
    let reference = Reference::parse(&format!("{registry}/app@{digest}")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let pool = Pool::new(Settings::default());
    let client = Client::new(pool, Credentials::default(), PlainHttp::All);
    let repository = client.repository(&reference, Access::Pull).unwrap();
    bencher.bench_local(|| {
        let listed = runtime.block_on(repository.list_by_api(&digest)).unwrap();
        assert_eq!(listed.unwrap().signatures.len(), entries);
    });
}

/// Gives the same answer to every request of a connection.
fn serve(connection: &TcpStream, answer: &[u8]) {
    let mut lines = BufReader::new(connection).lines();
    let mut connection = connection;
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() && connection.write_all(answer).is_err() {
            return;
        }
    }
}

fn answer(index: &str) -> Vec<u8> {
    let length = index.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.oci.image.index.v1+json\r\n\
         content-length: {length}\r\n\r\n{index}"
    )
    .into_bytes()
}

fn index(entries: usize) -> String {
    let entry = |number: usize| {
        let digest = oci::sha256_digest(&number.to_be_bytes());
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":728,"artifactType":"{SIGNATURE}","annotations":{{"io.cncf.notary.x509chain.thumbprint#S256":"[]"}}}}"#
        )
    };
    let entries: Vec<String> = (0..entries).map(entry).collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}}"#,
        entries.join(",")
    )
}
