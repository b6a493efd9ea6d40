//! What the tests of the renderers share.

pub(super) mod sample;
