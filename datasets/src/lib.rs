//! Row schema, file readers and writers, and the workload generator.
