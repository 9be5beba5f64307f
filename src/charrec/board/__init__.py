"""What TensorBoard shows of a run beyond the curves of metrics.csv."""
