# fish completion for nncli; written by `make generated`, changes here are lost.
# To use it, copy this file into ~/.config/fish/completions. It starts no process of nncli.

# Tells whether the line stands at VERB and its argument number PLACE; both are left out before a verb.
function __nncli_at
    set -l verb
    set -l place 0
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if string match -q -- '-*' $word
            contains -- $word --batch-size --batches --cache --code --contact-sheet --count --data --depth --device --diff --epochs --fail-on --figure --fold --format --from --graph --keep --last --length --memory --name --network --output --png --prompt --recipe --replay --require --run --seed --set --sort --split --state --steps --target --temperature --text --threads --to --top-k --top-p --write -n -o; and set skip yes
        else if test -z "$verb"
            set verb $word
            set place 1
        else
            set place (math $place + 1)
        end
    end
    test "$verb" = "$argv[1]"; and begin
        test (count $argv) -lt 2; or test $place = $argv[2]
    end
end

# Offers the paths of a kind that begin with what was typed.
function __nncli_paths
    set -l start (commandline -ct | string replace -r -- '^-[^=]*=' '')
    set -l found (__fish_complete_path "$start" | string replace -r -- '\t.*' '')
    switch $argv[1]
        case specs
            string match -r -- '.*(?:\.yaml|\.yml|/)$' $found
        case runs
            for file in runs/*/run.json runs/*/*/run.json "$start"*/run.json
                string replace -- /run.json '' $file
            end
            for path in (string match -r -- '.*(?:\.safetensors|/)$' $found)
                test -e "$path"run.json; or echo $path
            end
    end
end

complete -c nncli -f
complete -c nncli -n '__nncli_at \'\'' -l version -d 'Print the version and exit.'
complete -c nncli -n '__nncli_at \'\'' -l debug -d 'Show a traceback where something fails.'
complete -c nncli -n '__nncli_at \'\'' -s h -l help -d 'Show this message and exit.'
complete -c nncli -n '__nncli_at \'\'' -a init -d 'Write a commented spec for tables, images, sounds or texts, which trains as it stands.'
complete -c nncli -n '__nncli_at \'\'' -a check -d 'Find every problem of a spec, or what is damaged in a run, or say "ok".'
complete -c nncli -n '__nncli_at \'\'' -a data -d 'Look at data before training: figures, histograms, and what is wrong.'
complete -c nncli -n '__nncli_at \'\'' -a summary -d 'Show a network\'s layers, shapes, parameters and memory; draw it.'
complete -c nncli -n '__nncli_at \'\'' -a explain -d 'Tell what a layer, word, key, verb or error code means, with an example.'
complete -c nncli -n '__nncli_at \'\'' -a train -d 'Train a network into a run folder.'
complete -c nncli -n '__nncli_at \'\'' -a bench -d 'Measure how quick training is, where its time goes, and what limits it.'
complete -c nncli -n '__nncli_at \'\'' -a find-lr -d 'Find a learning rate: one short run in which it grows from step to step.'
complete -c nncli -n '__nncli_at \'\'' -a inspect-gradients -d 'Look at gradients and activations layer by layer, and say what is wrong.'
complete -c nncli -n '__nncli_at \'\'' -a runs -d 'List runs with their best figures, or tell what differs between some.'
complete -c nncli -n '__nncli_at \'\'' -a report -d 'Write a page of what there is to see of a run, or of several.'
complete -c nncli -n '__nncli_at \'\'' -a evaluate -d 'Measure a trained network: loss, metrics, confusion matrix.'
complete -c nncli -n '__nncli_at \'\'' -a predict -d 'Predict raw rows: one row out per row in, in order.'
complete -c nncli -n '__nncli_at \'\'' -a generate -d 'Let a trained network make images or numbers, or write text, by a recipe of its spec.'
complete -c nncli -n '__nncli_at \'\'' -a export -d 'Write a network as one file, after running that beside the network.'

complete -c nncli -n '__nncli_at init 1' -a '(__fish_complete_path) builtin:breast-cancer builtin:diabetes builtin:digits builtin:energy builtin:iris builtin:python-chapters builtin:python-topics builtin:tones builtin:wine'
complete -c nncli -n '__nncli_at init' -l target -x -d 'The column to predict; default: guessed.'
complete -c nncli -n '__nncli_at init' -s o -l output -x -a '(__fish_complete_path)' -d 'The spec to write; default: NAME.yaml.'
complete -c nncli -n '__nncli_at init' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at check' -a '(__nncli_paths specs) (__nncli_paths runs)'
complete -c nncli -n '__nncli_at check' -l set -x -d 'Change one value of the spec; repeatable.'
complete -c nncli -n '__nncli_at check' -l no-data -d 'Use stand-in sizes instead of reading data.'
complete -c nncli -n '__nncli_at check' -l resolved -d 'Print the spec with every default and size filled in.'
complete -c nncli -n '__nncli_at check' -l replay -x -d 'Do N steps of a run again and compare losses.'
complete -c nncli -n '__nncli_at check' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at check' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at check' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at data 1' -a '(__nncli_paths specs)'
complete -c nncli -n '__nncli_at data' -l set -x -d 'Change one value of the spec; repeatable.'
complete -c nncli -n '__nncli_at data' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at data' -l fail-on -x -d 'Exit 1 if one of these is found: leakage, duplicates, noise, giveaway, imbalance, rare, constant, filled, outside.'
complete -c nncli -n '__nncli_at data' -l contact-sheet -x -a '(__fish_complete_path)' -d 'Draw images after augmentation into a PNG.'
complete -c nncli -n '__nncli_at data' -l overwrite -d 'Replace an existing PNG.'
complete -c nncli -n '__nncli_at data' -l cache -x -a 'list clear' -d 'list or clear what is kept to be quicker next time.'
complete -c nncli -n '__nncli_at data' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at summary 1' -a '(__nncli_paths specs)'
complete -c nncli -n '__nncli_at summary' -l set -x -d 'Change one value of the spec; repeatable.'
complete -c nncli -n '__nncli_at summary' -l no-data -d 'Use stand-in sizes instead of reading data.'
complete -c nncli -n '__nncli_at summary' -l flat -d 'List every call by its whole name; fold nothing.'
complete -c nncli -n '__nncli_at summary' -l depth -x -d 'Show at most N scopes inside each other.'
complete -c nncli -n '__nncli_at summary' -l batch-size -x -d 'Takes the place of training.batch_size.'
complete -c nncli -n '__nncli_at summary' -l memory -x -d 'Find the largest batch that fits, as in 8GiB.'
complete -c nncli -n '__nncli_at summary' -l graph -x -a '(__fish_complete_path)' -d 'Draw the network into a .svg or .png file.'
complete -c nncli -n '__nncli_at summary' -l overwrite -d 'Replace an existing drawing.'
complete -c nncli -n '__nncli_at summary' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at summary' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at summary' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at explain 1' -a 'name from take repeat share init parametrize freeze checkpoint when shortcut join weights Sequential residual parallel compute rearrange reduce repeat_axis Parameter name description include vars constants blocks network networks predict network.inputs network.layers network.outputs network.init network.parametrize network.weights network.freeze inputs.shape inputs.type inputs.vocabulary inputs.classes inputs.rate inputs.mask blocks.args blocks.inputs blocks.vars blocks.layers blocks.outputs weights.file weights.rename weights.transpose weights.split weights.join weights.skip size x batch features classes vocabulary rate mask padding record names paths patterns expressions arithmetic loops functions builtin accuracy f1 precision recall auroc mae rmse r2 mape smape balanced_accuracy mcc kappa average_precision iou data data.train data.validation data.test data.split data.split.validation data.split.test data.split.stratify data.split.group data.split.time data.split.folds data.split.fold data.split.seed data.inputs data.inputs.NAME data.inputs.NAME.type data.inputs.NAME.column data.inputs.NAME.columns data.inputs.NAME.shape data.inputs.NAME.missing data.inputs.NAME.scale data.inputs.NAME.log data.inputs.NAME.unit data.inputs.NAME.classes data.inputs.NAME.positive data.inputs.NAME.rare data.inputs.NAME.unknown data.inputs.NAME.separator data.inputs.NAME.format data.inputs.NAME.parts data.inputs.NAME.size data.inputs.NAME.channels data.inputs.NAME.resize data.inputs.NAME.augment data.inputs.NAME.views data.inputs.NAME.image data.inputs.NAME.tokenizer data.inputs.NAME.length data.inputs.NAME.truncate data.inputs.NAME.pad data.inputs.NAME.lowercase data.inputs.NAME.begin data.inputs.NAME.end data.inputs.NAME.vocabulary data.inputs.NAME.rate data.inputs.NAME.window data.inputs.NAME.shift data.targets data.time data.group data.stride data.season data.delimiter data.encoding data.nulls training training.loss training.updates training.compute training.optimizer training.groups training.schedule training.epochs training.steps training.minutes training.phases training.phases.epochs training.phases.freeze training.phases.optimizer training.phases.groups training.phases.schedule training.phases.accumulate training.phases.clip_gradients training.phases.clip_gradients.norm training.phases.clip_gradients.value training.phases.regularise training.freeze training.batch_size training.precision training.choices training.compile training.accumulate training.clip_gradients training.clip_gradients.norm training.clip_gradients.value training.regularise training.average training.on_non_finite training.on_non_finite.policy training.on_non_finite.learning_rate_factor training.on_non_finite.times training.stop_early training.stop_early.watch training.stop_early.patience training.keep_best training.keep training.checkpoint_every training.metrics training.class_weights training.sampling training.seed'
complete -c nncli -n '__nncli_at explain' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at explain' -l schema -d 'Write a JSON Schema of specs, for completion in editors.'
complete -c nncli -n '__nncli_at explain' -s o -l output -x -a '(__fish_complete_path)' -d 'Where --schema goes; default: stdout.'
complete -c nncli -n '__nncli_at explain' -l overwrite -d 'Replace an existing file.'
complete -c nncli -n '__nncli_at explain' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at train 1' -a '(__nncli_paths specs)'
complete -c nncli -n '__nncli_at train' -l run -x -a '(__fish_complete_directories)' -d 'The run folder; default: runs/<name>/<number>.'
complete -c nncli -n '__nncli_at train' -l set -x -d 'Change one value of the spec; repeatable.'
complete -c nncli -n '__nncli_at train' -l seed -x -d 'Takes the place of training.seed.'
complete -c nncli -n '__nncli_at train' -l epochs -x -d 'Takes the place of training.epochs.'
complete -c nncli -n '__nncli_at train' -l fold -x -d 'Test on the K-th of N folds; trains on the others.'
complete -c nncli -n '__nncli_at train' -l resume -d 'Go on from the newest checkpoint.'
complete -c nncli -n '__nncli_at train' -l dry-run -d 'Check, train a few steps, estimate; write nothing.'
complete -c nncli -n '__nncli_at train' -l overfit-batch -d 'Can it learn one batch by heart? Write nothing.'
complete -c nncli -n '__nncli_at train' -s q -l quiet -d 'Only errors on stderr.'
complete -c nncli -n '__nncli_at train' -l json -d 'Write one JSON row an epoch to stdout.'
complete -c nncli -n '__nncli_at train' -l device -x -a 'auto cpu cuda cuda:0' -d 'auto, cpu, cuda or cuda:N.'
complete -c nncli -n '__nncli_at train' -l threads -x -d 'CPU threads; default: OMP_NUM_THREADS, or all cores.'
complete -c nncli -n '__nncli_at train' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at train' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at bench 1' -a '(__nncli_paths specs)'
complete -c nncli -n '__nncli_at bench' -l set -x -d 'Change one value of the spec; repeatable.'
complete -c nncli -n '__nncli_at bench' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at bench' -l device -x -a 'auto cpu cuda cuda:0' -d 'auto, cpu, cuda or cuda:N.'
complete -c nncli -n '__nncli_at bench' -l threads -x -d 'CPU threads; default: OMP_NUM_THREADS, or all cores.'
complete -c nncli -n '__nncli_at bench' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at bench' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at find-lr 1' -a '(__nncli_paths specs)'
complete -c nncli -n '__nncli_at find-lr' -l set -x -d 'Change one value of the spec; repeatable.'
complete -c nncli -n '__nncli_at find-lr' -l from -x -d 'The first learning rate.'
complete -c nncli -n '__nncli_at find-lr' -l to -x -d 'The last one.'
complete -c nncli -n '__nncli_at find-lr' -l steps -x -d 'How many steps lie between.'
complete -c nncli -n '__nncli_at find-lr' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at find-lr' -l device -x -a 'auto cpu cuda cuda:0' -d 'auto, cpu, cuda or cuda:N.'
complete -c nncli -n '__nncli_at find-lr' -l threads -x -d 'CPU threads; default: OMP_NUM_THREADS, or all cores.'
complete -c nncli -n '__nncli_at find-lr' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at find-lr' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at inspect-gradients 1' -a '(__nncli_paths specs) (__nncli_paths runs)'
complete -c nncli -n '__nncli_at inspect-gradients' -l batches -x -d 'Batches to look at.'
complete -c nncli -n '__nncli_at inspect-gradients' -l set -x -d 'Change one value of the spec; repeatable.'
complete -c nncli -n '__nncli_at inspect-gradients' -l data -x -a '(__fish_complete_path)' -d 'Other rows than those that the run was trained on.'
complete -c nncli -n '__nncli_at inspect-gradients' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at inspect-gradients' -l fail-on -x -a 'invalid_targets nonfinite_data leakage label_noise unscaled_inputs class_imbalance unscaled_targets loss_activation_mismatch output_range_mismatch missing_activation missing_bias lost_input symmetric_init bad_init_scale saturated_activations dead_units vanishing_gradients exploding_gradients no_gradient bad_initial_loss lr_too_high lr_too_low over_regularised nan_loss batch_size overfitting undertrained underfitting diverging_loss unstable_loss noisy_gradients discriminator_ahead constant_predictions train_eval_mismatch not_learning' -d 'Exit 1 if this finding is there; repeatable.'
complete -c nncli -n '__nncli_at inspect-gradients' -l strict -d 'Exit 1 on any warning or error.'
complete -c nncli -n '__nncli_at inspect-gradients' -l try -d 'Run some steps with each patch, and say what it does.'
complete -c nncli -n '__nncli_at inspect-gradients' -l write -x -a '(__fish_complete_path)' -d 'Write the spec with the patches in it.'
complete -c nncli -n '__nncli_at inspect-gradients' -l device -x -a 'auto cpu cuda cuda:0' -d 'auto, cpu, cuda or cuda:N.'
complete -c nncli -n '__nncli_at inspect-gradients' -l threads -x -d 'CPU threads; default: OMP_NUM_THREADS, or all cores.'
complete -c nncli -n '__nncli_at inspect-gradients' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at inspect-gradients' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at runs 1' -a '(__fish_complete_directories)'
complete -c nncli -n '__nncli_at runs' -l name -x -d 'Only runs of specs with such a name; quote it.'
complete -c nncli -n '__nncli_at runs' -l state -x -a 'training done interrupted failed killed damaged' -d 'training, done, interrupted, failed, killed or damaged; repeatable.'
complete -c nncli -n '__nncli_at runs' -l figure -x -d 'The figure that is shown, as in validation.loss.'
complete -c nncli -n '__nncli_at runs' -l sort -x -d 'started, time, run or a figure; the best comes last.'
complete -c nncli -n '__nncli_at runs' -l last -x -d 'Only the last N of the list.'
complete -c nncli -n '__nncli_at runs' -l diff -x -a '(__nncli_paths runs)' -d 'Tell what differs between two runs.'
complete -c nncli -n '__nncli_at runs' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at runs' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at report' -a '(__nncli_paths runs)'
complete -c nncli -n '__nncli_at report' -s o -l output -x -a '(__fish_complete_path)' -d 'The HTML file; default: report.html.'
complete -c nncli -n '__nncli_at report' -l png -x -a '(__fish_complete_directories)' -d 'Write the plots alone, each as a PNG.'
complete -c nncli -n '__nncli_at report' -l terminal -d 'Draw the curves in the terminal.'
complete -c nncli -n '__nncli_at report' -l overwrite -d 'Replace files that are there.'
complete -c nncli -n '__nncli_at report' -l data -x -a '(__fish_complete_path)' -d 'Other rows than those of the spec.'
complete -c nncli -n '__nncli_at report' -l device -x -a 'auto cpu cuda cuda:0' -d 'auto, cpu, cuda or cuda:N.'
complete -c nncli -n '__nncli_at report' -l threads -x -d 'CPU threads; default: OMP_NUM_THREADS, or all cores.'
complete -c nncli -n '__nncli_at report' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at report' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at evaluate 1' -a '(__nncli_paths runs)'
complete -c nncli -n '__nncli_at evaluate' -l split -x -a 'train validation test' -d 'train, validation or test; default: test.'
complete -c nncli -n '__nncli_at evaluate' -l data -x -a '(__fish_complete_path)' -d 'Other rows than those of the spec.'
complete -c nncli -n '__nncli_at evaluate' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at evaluate' -l require -x -d 'Exit 1 where this is missed; quote it; repeatable.'
complete -c nncli -n '__nncli_at evaluate' -l device -x -a 'auto cpu cuda cuda:0' -d 'auto, cpu, cuda or cuda:N.'
complete -c nncli -n '__nncli_at evaluate' -l threads -x -d 'CPU threads; default: OMP_NUM_THREADS, or all cores.'
complete -c nncli -n '__nncli_at evaluate' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at evaluate' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at predict 1' -a '(__nncli_paths runs)'
complete -c nncli -n '__nncli_at predict 2' -a '(__fish_complete_path)'
complete -c nncli -n '__nncli_at predict' -l text -x -d 'A text in place of a file; repeatable.'
complete -c nncli -n '__nncli_at predict' -s o -l output -x -a '(__fish_complete_path)' -d 'Where to write; - is stdout.'
complete -c nncli -n '__nncli_at predict' -l format -x -a 'csv jsonl parquet' -d 'csv, jsonl, parquet; default: by suffix or csv.'
complete -c nncli -n '__nncli_at predict' -l keep -x -d 'Let a column of the input go along; repeatable.'
complete -c nncli -n '__nncli_at predict' -l keep-all -d 'Let every column go along.'
complete -c nncli -n '__nncli_at predict' -l recipe -x -d 'A recipe that the spec gives below predict:.'
complete -c nncli -n '__nncli_at predict' -l overwrite -d 'Replace an existing output.'
complete -c nncli -n '__nncli_at predict' -l device -x -a 'auto cpu cuda cuda:0' -d 'auto, cpu, cuda or cuda:N.'
complete -c nncli -n '__nncli_at predict' -l threads -x -d 'CPU threads; default: OMP_NUM_THREADS, or all cores.'
complete -c nncli -n '__nncli_at predict' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at predict' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at generate 1' -a '(__nncli_paths runs)'
complete -c nncli -n '__nncli_at generate' -l recipe -x -d 'A recipe that the spec gives below predict:.'
complete -c nncli -n '__nncli_at generate' -l prompt -x -d 'The text that goes on.'
complete -c nncli -n '__nncli_at generate' -l temperature -x -d 'How bold a text is; 0 takes the likeliest token.'
complete -c nncli -n '__nncli_at generate' -l top-k -x -d 'Draw from the K likeliest tokens.'
complete -c nncli -n '__nncli_at generate' -l top-p -x -d 'Draw from the likeliest tokens that together have P.'
complete -c nncli -n '__nncli_at generate' -l length -x -d 'Tokens that are written at most; default: 300.'
complete -c nncli -n '__nncli_at generate' -s n -l count -x -d 'How many: 16 rows, or one text.'
complete -c nncli -n '__nncli_at generate' -l seed -x -d 'What is drawn; the same seed draws the same.'
complete -c nncli -n '__nncli_at generate' -s o -l output -x -a '(__fish_complete_path)' -d 'A .png, .npz, .safetensors, .csv or .txt file.'
complete -c nncli -n '__nncli_at generate' -l json -d 'Write JSON to stdout instead of a table.'
complete -c nncli -n '__nncli_at generate' -l overwrite -d 'Replace an existing output.'
complete -c nncli -n '__nncli_at generate' -l device -x -a 'auto cpu cuda cuda:0' -d 'auto, cpu, cuda or cuda:N.'
complete -c nncli -n '__nncli_at generate' -l threads -x -d 'CPU threads; default: OMP_NUM_THREADS, or all cores.'
complete -c nncli -n '__nncli_at generate' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at generate' -s h -l help -d 'Show this message and exit.'

complete -c nncli -n '__nncli_at export 1' -a '(__nncli_paths runs) (__nncli_paths specs)'
complete -c nncli -n '__nncli_at export' -s o -l output -x -a '(__fish_complete_path)' -d 'To write: .safetensors, .py, .pt2 or .onnx by its format.'
complete -c nncli -n '__nncli_at export' -l format -x -a 'safetensors python pt2 onnx' -d 'safetensors, python, pt2 or onnx; default: by the ending of FILE, which must agree.'
complete -c nncli -n '__nncli_at export' -l network -x -d 'One of several networks; .safetensors holds all of them.'
complete -c nncli -n '__nncli_at export' -l set -x -d 'Change one value of the spec; repeatable.'
complete -c nncli -n '__nncli_at export' -l overwrite -d 'Replace an existing file.'
complete -c nncli -n '__nncli_at export' -l json -d 'Write what was done as JSON to stdout.'
complete -c nncli -n '__nncli_at export' -l code -x -a '(__fish_complete_path)' -d 'Your own layers: runs this Python file, as you; repeatable.'
complete -c nncli -n '__nncli_at export' -s h -l help -d 'Show this message and exit.'
