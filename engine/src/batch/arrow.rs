//! Arrow record batches in, verdict columns out.
