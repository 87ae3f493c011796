//! See `apicenter_aws_sync::fuzzing::organization`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = apicenter_aws_sync::fuzzing::organization(data);
});
