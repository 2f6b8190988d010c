//! What is known of devices: plain data, in builds without any device too.

/// An adapter, and what became of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeviceReport {
    /// Its place among the adapters of this machine.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: &'static str,
    /// The interface: `vulkan`, `metal` or `dx12`.
    pub api: String,
    /// The driver and its version.
    pub driver: String,
    /// The vendor's number (of PCI, mostly).
    pub vendor: u32,
    /// The device's number.
    pub device: u32,
    /// The features, of those that kernels use.
    pub features: Vec<String>,
    /// The limits that bound dispatches, in bytes, buffers or threads.
    pub limits: Vec<(&'static str, u64)>,
    /// Why it cannot be used, if it cannot.
    pub why_not: Option<String>,
    /// How its pipelines were had, once they were.
    pub pipelines: Option<PipelineReport>,
}

#[cfg(test)]
impl DeviceReport {
    /// Of a device that is none.
    pub(crate) fn stand_in(name: &str) -> Self {
        Self {
            index: 0,
            name: name.to_owned(),
            kind: "other",
            api: String::new(),
            driver: String::new(),
            vendor: 0,
            device: 0,
            features: Vec::new(),
            limits: Vec::new(),
            why_not: None,
            pipelines: None,
        }
    }
}

/// How the pipelines of a device were had.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PipelineReport {
    /// How many kernels there are.
    pub count: usize,
    /// The time from the shaders to pipelines that can run.
    pub seconds: f64,
    /// Whether a cache from an earlier start was used.
    pub cached: bool,
    /// Why the cache on disk was not trusted, or could not be written, where that is so.
    pub cache_refused: Option<String>,
}
