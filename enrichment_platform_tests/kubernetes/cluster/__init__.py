"""A Kubernetes cluster for tests: the API over HTTP, and a mini-kubelet that runs containers as local processes."""
