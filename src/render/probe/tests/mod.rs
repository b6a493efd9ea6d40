//! What the tests of the renderers share.

mod parts;
pub(super) mod sample;
