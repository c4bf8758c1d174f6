"""What `provisioner completion` prints: a script for each shell.

Each passes the words up to the cursor to `provisioner completion SHELL --candidates`, whose lines
are a value, a tab and its description; or one line `:files` or `:folders`.
"""

from __future__ import annotations

from collections.abc import Mapping

# bash 3.2 of macOS has neither `mapfile` nor `compopt`. bash splits words at @, : and =, too, so
# the words are read from the line. `$2` is the part of the last word that bash replaces.
BASH = r"""
# Completion of provisioner for bash.
_provisioner() {
  local line="${COMP_LINE:0:COMP_POINT}" candidate
  local -a words
  read -ra words <<<"$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  local current="${words[${#words[@]}-1]}"
  local kept="${current%"$2"}"
  COMPREPLY=()
  while IFS= read -r candidate; do
    case "$candidate" in
      :files | :folders) return ;; # complete -o default completes the paths
    esac
    COMPREPLY+=("${candidate#"$kept"}")
  done < <("${words[0]/#\~/$HOME}" completion bash --candidates -- "${words[@]}" 2>/dev/null |
    cut -f 1)
  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
    compopt +o default 2>/dev/null
  fi
}
complete -o default -F _provisioner provisioner
"""

ZSH = r"""
#compdef provisioner
# Completion of provisioner for zsh.
_provisioner() {
  local line value
  local -a lines values texts
  lines=("${(@f)$("${words[1]/#\~/$HOME}" completion zsh --candidates \
    -- "${(@)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  case "${lines[1]}" in
    :*) [[ "$PREFIX" == --*=* ]] && compset -P '*=' ;|
    :files) _files; return ;;
    :folders) _files -/; return ;;
    "") return 1 ;;
  esac
  for line in "${lines[@]}"; do
    value="${line%%$'\t'*}"
    values+=("$value")
    texts+=("${value//:/\\:}${${line#$value}/$'\t'/:}")
  done
  _describe -V provisioner texts values
}
if [[ "${funcstack[1]}" == _provisioner ]]; then
  _provisioner "$@"
else
  compdef _provisioner provisioner
fi
"""

FISH = r"""
# Completion of provisioner for fish.
function __provisioner_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -l lines ($program completion fish --candidates -- $words "$current" 2>/dev/null)
    set -l option (string match -r -- '^--[^=]+=' "$current")
    set -l path (string replace -- "$option" '' "$current")
    switch "$lines[1]"
        case :files
            __fish_complete_path "$path" | string replace -r -- '^' "$option"
        case :folders
            __fish_complete_directories "$path" '' | string replace -r -- '^' "$option"
        case '*'
            printf '%s\n' $lines
    end
end
complete -c provisioner -f -a '(__provisioner_candidates)'
"""

SCRIPTS: Mapping[str, str] = {"bash": BASH, "zsh": ZSH, "fish": FISH}
"""Shell → its script."""
