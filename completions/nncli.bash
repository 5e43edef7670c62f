# bash completion for nncli; written by `make generated`, changes here are lost.
# To use it, source this file in ~/.bashrc. It starts no process of nncli. bash 4.4 or newer.

# Sets what may follow a verb.
_nncli_verb() {
    case $1 in
        init)
            options='--target --output --help'
            arguments=('@files builtin:breast-cancer builtin:diabetes builtin:digits builtin:iris builtin:wine')
            ;;
        check)
            options='--set --no-data --resolved --json --help'
            arguments=('@specs')
            repeats=1
            ;;
        summary)
            options='--set --no-data --json --help'
            arguments=('@specs')
            ;;
        train)
            options='--run --set --seed --epochs --resume --dry-run --quiet --json --device --threads --help'
            arguments=('@specs')
            ;;
        inspect-gradients)
            options='--batches --set --json --fail-on --strict --device --threads --help'
            arguments=('@specs @runs')
            ;;
        evaluate)
            options='--split --data --json --require --device --threads --help'
            arguments=('@runs')
            ;;
        predict)
            options='--output --format --keep --keep-all --overwrite --device --threads --help'
            arguments=('@runs' '@files')
            ;;
        export)
            options='--output --format --overwrite --help'
            arguments=('@runs')
            ;;
    esac
}

# Sets `value` to what may follow an option; fails for a switch.
_nncli_value() {
    value=()
    case $1 in
        'init --target') value=() ;;
        'init -o' | 'init --output') value=(@files) ;;
        'check --set') value=() ;;
        'summary --set') value=() ;;
        'train --run') value=(@folders) ;;
        'train --set') value=() ;;
        'train --seed') value=() ;;
        'train --epochs') value=() ;;
        'train --device') value=(auto cpu cuda cuda:0) ;;
        'train --threads') value=() ;;
        'inspect-gradients --batches') value=() ;;
        'inspect-gradients --set') value=() ;;
        'inspect-gradients --fail-on') value=(vanishing_gradients exploding_gradients dead_units saturated_activations nan_loss) ;;
        'inspect-gradients --device') value=(auto cpu cuda cuda:0) ;;
        'inspect-gradients --threads') value=() ;;
        'evaluate --split') value=(train validation test) ;;
        'evaluate --data') value=(@files) ;;
        'evaluate --require') value=() ;;
        'evaluate --device') value=(auto cpu cuda cuda:0) ;;
        'evaluate --threads') value=() ;;
        'predict -o' | 'predict --output') value=(@files) ;;
        'predict --format') value=(csv jsonl parquet) ;;
        'predict --keep') value=() ;;
        'predict --device') value=(auto cpu cuda cuda:0) ;;
        'predict --threads') value=() ;;
        'export -o' | 'export --output') value=(@files) ;;
        'export --format') value=(safetensors) ;;
        *) return 1 ;;
    esac
}

# Sets `words` to the line as typed up to the cursor: bash has split it at = and : too.
_nncli_words() {
    local piece rest=$COMP_LINE
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD + 1}"; do
        if [[ $rest == "$piece"* && $rest != ' '* && ($piece == [:=]* || ${words[*]: -1} == *[:=]) ]]; then
            words[-1]+=$piece
        else
            words+=("$piece")
        fi
        rest=${rest#*"$piece"}
    done
}

# Adds the paths that begin with `start`, chosen by the given options of compgen.
_nncli_paths() {
    local count=${#COMPREPLY[@]}
    mapfile -t -O "$count" COMPREPLY < <(compgen "$@" -- "$start")
    [[ ${#COMPREPLY[@]} -gt $count ]] && paths=1
}

# Adds the run folders that begin with `start`.
_nncli_runs() {
    local file
    for file in "$start"*/run.json runs/*/run.json runs/*/*/run.json; do
        file=${file%/run.json}
        if [[ $file == "$start"* && -e $file/run.json && " ${COMPREPLY[*]} " != *" $file "* ]]; then
            COMPREPLY+=("$file")
        fi
    done
}

# Adds what of `value` begins with `start`: words, and @ with a kind of path.
_nncli_offer() {
    local each
    for each in "${value[@]}"; do
        case $each in
            @specs)
                _nncli_paths -f -X '!*.yaml'
                _nncli_paths -f -X '!*.yml'
                _nncli_paths -d
                ;;
            @runs)
                _nncli_runs
                _nncli_paths -f -X '!*.safetensors'
                # Folders lead to runs that lie elsewhere.
                [[ ${#COMPREPLY[@]} -eq 0 ]] && _nncli_paths -d
                ;;
            @files) _nncli_paths -f ;;
            @folders) _nncli_paths -d ;;
            "$start"*) COMPREPLY+=("$each") ;;
        esac
    done
}

# Brings COMPREPLY into the form that bash wants: it replaces only what follows the last = or :.
_nncli_finish() {
    local before=${current%"$start"} cut='' mark i
    for mark in : =; do
        if [[ $COMP_WORDBREAKS == *$mark* && ${current%"${current##*"$mark"}"} == "$cut"* ]]; then
            cut=${current%"${current##*"$mark"}"}
        fi
    done
    [[ -n $paths ]] && compopt -o filenames 2>/dev/null
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=$before${COMPREPLY[i]}
        COMPREPLY[i]=${COMPREPLY[i]#"$cut"}
        [[ -z $paths ]] && printf -v "COMPREPLY[$i]" %q "${COMPREPLY[i]}"
    done
}

_nncli() {
    local verb='' option='' place=0 repeats='' paths='' words=() value=() word
    local options='--version --debug --help' arguments=('init check summary train inspect-gradients evaluate predict export')
    COMPREPLY=()
    _nncli_words
    local current=${words[-1]}
    local start=$current
    for word in "${words[@]:1:${#words[@]} - 2}"; do
        if [[ -n $option ]]; then
            option=''
        elif [[ $word == -* ]]; then
            _nncli_value "$verb $word" && option=$word
        elif [[ -z $verb ]]; then
            verb=$word
            arguments=()
            _nncli_verb "$verb"
        elif [[ -z $repeats ]]; then
            place=$((place + 1))
        fi
    done
    if [[ -n $option ]]; then
        _nncli_value "$verb $option"
    elif [[ $current == --*=* ]]; then
        _nncli_value "$verb ${current%%=*}"
        start=${current#*=}
    elif [[ $current == -* ]]; then
        read -r -a value <<<"$options"
    else
        read -r -a value <<<"${arguments[place]}"
    fi
    _nncli_offer
    _nncli_finish
}

complete -F _nncli nncli
