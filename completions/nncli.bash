# bash completion for nncli; written by `make generated`, changes here are lost.
# To use it, source this file in ~/.bashrc. It starts no process of nncli. bash 4.4 or newer.

# Sets what may follow a verb.
_nncli_verb() {
    case $1 in
        init)
            options='--target --output --help'
            arguments=('@files builtin:breast-cancer builtin:diabetes builtin:digits builtin:energy builtin:iris builtin:python-chapters builtin:python-topics builtin:tones builtin:wine')
            ;;
        check)
            options='--set --no-data --resolved --replay --json --code --help'
            arguments=('@specs @runs')
            repeats=1
            ;;
        data)
            options='--set --json --fail-on --contact-sheet --overwrite --cache --help'
            arguments=('@specs')
            ;;
        summary)
            options='--set --no-data --flat --depth --batch-size --memory --graph --overwrite --json --code --help'
            arguments=('@specs')
            ;;
        explain)
            options='--json --schema --output --overwrite --help'
            arguments=('name from take repeat share init parametrize freeze checkpoint when shortcut join weights Sequential residual parallel compute rearrange reduce repeat_axis Parameter name description include vars constants blocks network networks predict network.inputs network.layers network.outputs network.init network.parametrize network.weights network.freeze inputs.shape inputs.type inputs.vocabulary inputs.classes inputs.rate inputs.mask blocks.args blocks.inputs blocks.vars blocks.layers blocks.outputs weights.file weights.rename weights.transpose weights.split weights.join weights.skip size x batch features classes vocabulary rate mask padding record names paths patterns expressions arithmetic loops functions builtin accuracy f1 precision recall auroc mae rmse r2 mape smape balanced_accuracy mcc kappa average_precision iou data data.train data.validation data.test data.split data.split.validation data.split.test data.split.stratify data.split.group data.split.time data.split.folds data.split.fold data.split.seed data.inputs data.inputs.NAME data.inputs.NAME.type data.inputs.NAME.column data.inputs.NAME.columns data.inputs.NAME.shape data.inputs.NAME.missing data.inputs.NAME.scale data.inputs.NAME.log data.inputs.NAME.unit data.inputs.NAME.classes data.inputs.NAME.positive data.inputs.NAME.rare data.inputs.NAME.unknown data.inputs.NAME.separator data.inputs.NAME.format data.inputs.NAME.parts data.inputs.NAME.size data.inputs.NAME.channels data.inputs.NAME.resize data.inputs.NAME.augment data.inputs.NAME.views data.inputs.NAME.image data.inputs.NAME.tokenizer data.inputs.NAME.length data.inputs.NAME.truncate data.inputs.NAME.pad data.inputs.NAME.lowercase data.inputs.NAME.begin data.inputs.NAME.end data.inputs.NAME.vocabulary data.inputs.NAME.rate data.inputs.NAME.window data.inputs.NAME.shift data.targets data.time data.group data.stride data.season data.delimiter data.encoding data.nulls training training.loss training.updates training.compute training.optimizer training.groups training.schedule training.epochs training.steps training.minutes training.phases training.phases.epochs training.phases.freeze training.phases.optimizer training.phases.groups training.phases.schedule training.phases.accumulate training.phases.clip_gradients training.phases.clip_gradients.norm training.phases.clip_gradients.value training.phases.regularise training.freeze training.batch_size training.precision training.choices training.compile training.accumulate training.clip_gradients training.clip_gradients.norm training.clip_gradients.value training.regularise training.average training.on_non_finite training.on_non_finite.policy training.on_non_finite.learning_rate_factor training.on_non_finite.times training.stop_early training.stop_early.watch training.stop_early.patience training.keep_best training.keep training.checkpoint_every training.metrics training.class_weights training.sampling training.seed')
            ;;
        train)
            options='--run --set --seed --epochs --fold --resume --dry-run --overfit-batch --quiet --json --device --threads --code --help'
            arguments=('@specs')
            ;;
        bench)
            options='--set --json --device --threads --code --help'
            arguments=('@specs')
            ;;
        find-lr)
            options='--set --from --to --steps --json --device --threads --code --help'
            arguments=('@specs')
            ;;
        inspect-gradients)
            options='--batches --set --data --json --fail-on --strict --try --write --device --threads --code --help'
            arguments=('@specs @runs')
            ;;
        runs)
            options='--name --state --figure --sort --last --diff --json --help'
            arguments=('@folders')
            ;;
        report)
            options='--output --png --terminal --overwrite --data --device --threads --code --help'
            arguments=('@runs')
            repeats=1
            ;;
        evaluate)
            options='--split --data --json --require --device --threads --code --help'
            arguments=('@runs')
            ;;
        predict)
            options='--text --output --format --keep --keep-all --recipe --overwrite --device --threads --code --help'
            arguments=('@runs' '@files')
            ;;
        generate)
            options='--recipe --prompt --temperature --top-k --top-p --length --count --seed --output --json --overwrite --device --threads --code --help'
            arguments=('@runs')
            ;;
        export)
            options='--output --format --network --set --overwrite --json --code --help'
            arguments=('@runs @specs')
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
        'check --replay') value=() ;;
        'check --code') value=(@files) ;;
        'data --set') value=() ;;
        'data --fail-on') value=() ;;
        'data --contact-sheet') value=(@files) ;;
        'data --cache') value=(list clear) ;;
        'summary --set') value=() ;;
        'summary --depth') value=() ;;
        'summary --batch-size') value=() ;;
        'summary --memory') value=() ;;
        'summary --graph') value=(@files) ;;
        'summary --code') value=(@files) ;;
        'explain -o' | 'explain --output') value=(@files) ;;
        'train --run') value=(@folders) ;;
        'train --set') value=() ;;
        'train --seed') value=() ;;
        'train --epochs') value=() ;;
        'train --fold') value=() ;;
        'train --device') value=(auto cpu cuda cuda:0) ;;
        'train --threads') value=() ;;
        'train --code') value=(@files) ;;
        'bench --set') value=() ;;
        'bench --device') value=(auto cpu cuda cuda:0) ;;
        'bench --threads') value=() ;;
        'bench --code') value=(@files) ;;
        'find-lr --set') value=() ;;
        'find-lr --from') value=() ;;
        'find-lr --to') value=() ;;
        'find-lr --steps') value=() ;;
        'find-lr --device') value=(auto cpu cuda cuda:0) ;;
        'find-lr --threads') value=() ;;
        'find-lr --code') value=(@files) ;;
        'inspect-gradients --batches') value=() ;;
        'inspect-gradients --set') value=() ;;
        'inspect-gradients --data') value=(@files) ;;
        'inspect-gradients --fail-on') value=(invalid_targets nonfinite_data leakage label_noise unscaled_inputs class_imbalance unscaled_targets loss_activation_mismatch output_range_mismatch missing_activation missing_bias lost_input symmetric_init bad_init_scale saturated_activations dead_units vanishing_gradients exploding_gradients no_gradient bad_initial_loss lr_too_high lr_too_low over_regularised nan_loss batch_size overfitting undertrained underfitting diverging_loss unstable_loss noisy_gradients discriminator_ahead constant_predictions train_eval_mismatch not_learning) ;;
        'inspect-gradients --write') value=(@files) ;;
        'inspect-gradients --device') value=(auto cpu cuda cuda:0) ;;
        'inspect-gradients --threads') value=() ;;
        'inspect-gradients --code') value=(@files) ;;
        'runs --name') value=() ;;
        'runs --state') value=(training done interrupted failed killed damaged) ;;
        'runs --figure') value=() ;;
        'runs --sort') value=() ;;
        'runs --last') value=() ;;
        'runs --diff') value=(@runs) ;;
        'report -o' | 'report --output') value=(@files) ;;
        'report --png') value=(@folders) ;;
        'report --data') value=(@files) ;;
        'report --device') value=(auto cpu cuda cuda:0) ;;
        'report --threads') value=() ;;
        'report --code') value=(@files) ;;
        'evaluate --split') value=(train validation test) ;;
        'evaluate --data') value=(@files) ;;
        'evaluate --require') value=() ;;
        'evaluate --device') value=(auto cpu cuda cuda:0) ;;
        'evaluate --threads') value=() ;;
        'evaluate --code') value=(@files) ;;
        'predict --text') value=() ;;
        'predict -o' | 'predict --output') value=(@files) ;;
        'predict --format') value=(csv jsonl parquet) ;;
        'predict --keep') value=() ;;
        'predict --recipe') value=() ;;
        'predict --device') value=(auto cpu cuda cuda:0) ;;
        'predict --threads') value=() ;;
        'predict --code') value=(@files) ;;
        'generate --recipe') value=() ;;
        'generate --prompt') value=() ;;
        'generate --temperature') value=() ;;
        'generate --top-k') value=() ;;
        'generate --top-p') value=() ;;
        'generate --length') value=() ;;
        'generate -n' | 'generate --count') value=() ;;
        'generate --seed') value=() ;;
        'generate -o' | 'generate --output') value=(@files) ;;
        'generate --device') value=(auto cpu cuda cuda:0) ;;
        'generate --threads') value=() ;;
        'generate --code') value=(@files) ;;
        'export -o' | 'export --output') value=(@files) ;;
        'export --format') value=(safetensors python pt2 onnx) ;;
        'export --network') value=() ;;
        'export --set') value=() ;;
        'export --code') value=(@files) ;;
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
    local options='--version --debug --help' arguments=('init check data summary explain train bench find-lr inspect-gradients runs report evaluate predict generate export')
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
