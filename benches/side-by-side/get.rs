//! Sends the same GET over and over, 64 at a time, with the client that verifications use, and reads the answers: what a request
//! costs by itself. `benches/side-by-side/run` measures it.
//!
//!     get URL COUNT

use std::error::Error;

use countersign::http::{Pool, Settings};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use url::Url;

const AT_A_TIME: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("get URL COUNT".into());
    };
    let (url, count) = (Url::parse(&url)?, count.parse::<usize>()?);
    let client = Pool::new(Settings::default()).client(&url)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let get = |_| {
        let request = client.get(url.clone()).send();
        async move { request.await?.error_for_status()?.bytes().await.map(drop) }
    };
    let all = stream::iter(0..count).map(get).buffer_unordered(AT_A_TIME);
    runtime.block_on(all.try_collect::<()>())?;
    Ok(())
}
