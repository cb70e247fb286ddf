"""Writes the snapshots of the rendered manifests anew: `make helm-snapshots`."""

from enrichment_platform_tests.helm.rendering import NAMES, SNAPSHOTS, reviewed

if __name__ == "__main__":
    for old in SNAPSHOTS.iterdir():
        old.unlink()
    for name in NAMES:
        path, text = reviewed(name)
        path.write_text(text)
