//! Lets the emulator answer what arrived somewhere else.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use super::hostile::{Reply, Seen};
use super::waiting;

/// The emulator's answer to `seen`.
pub(crate) fn forward(emulator: SocketAddr, seen: &Seen) -> Reply {
    let mut request = format!("{} {} HTTP/1.1\r\n", seen.method, seen.target);
    for (name, value) in &seen.headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("connection: close\r\n\r\n");
    let mut stream = waiting::connect(emulator);
    stream.write_all(request.as_bytes()).unwrap();
    stream.write_all(&seen.body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head_end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut reply = Reply::status(status.parse().unwrap()).body(&answer[head_end + 4..]);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if !["content-length", "connection"].contains(&name) {
            // The emulator sees plain HTTP; its client does not.
            let inside = format!("http://{}", seen.host);
            let outside = format!("{}://{}", seen.scheme, seen.host);
            reply = reply.header(name, &value.replace(&inside, &outside));
        }
    }
    reply
}

/// `seen` as the emulator would have got it: whatever host was asked, the image is there.
pub(crate) fn at_home(emulator: SocketAddr, seen: &Seen) -> Seen {
    let mut seen = seen.clone();
    seen.headers.remove("authorization");
    seen.headers.insert("host".to_owned(), emulator.to_string());
    seen
}
