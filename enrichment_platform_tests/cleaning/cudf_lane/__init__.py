"""What can be proven with cuDF's wheels on a machine without a GPU; `make test-cudf` installs them and runs this."""
