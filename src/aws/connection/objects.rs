//! Bounds the number of objects in a response.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::box_error::BoxError;
use http_body::{Body, Frame, SizeHint};

/// Most objects in a response that the SDK parses. An API or a stage takes a kilobyte of memory, and may be three bytes
/// of a response. The largest useful response, all stages of an API with settings for each of its methods, has a fifth
/// of this.
const OBJECTS_MAX: usize = 100_000;

/// A response has more objects than any documented one.
#[derive(Debug, thiserror::Error)]
#[error("the response has more than {OBJECTS_MAX} objects")]
pub(super) struct TooManyObjects;

/// A body that fails when it has too many objects; braces in strings count, too.
#[derive(Debug)]
pub(super) struct Counted<B> {
    body: B,
    left: usize,
}

impl<B> Counted<B> {
    pub fn new(body: B) -> Self {
        Self {
            body,
            left: OBJECTS_MAX,
        }
    }
}

impl<B> Body for Counted<B>
where
    B: Body<Error = BoxError> + Unpin,
    B::Data: AsRef<[u8]>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let objects: usize = data.as_ref().iter().map(|byte| usize::from(*byte == b'{')).sum();
            let Some(left) = self.left.checked_sub(objects) else {
                return Poll::Ready(Some(Err(TooManyObjects.into())));
            };
            self.left = left;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
