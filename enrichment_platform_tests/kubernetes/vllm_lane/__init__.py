"""A real vLLM (its CPU build) started as the sidecar is started; `make test-vllm` builds its environment."""
