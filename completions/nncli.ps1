# PowerShell completion for nncli; written by `make generated`, changes here are lost.
# To use it, dot-source this file in $PROFILE. It starts no process of nncli.

Register-ArgumentCompleter -Native -CommandName nncli -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $verbs = [ordered]@{
        'init' = 'Write a commented spec for tables, images, sounds or texts, which trains as it stands.'
        'check' = 'Find every problem of a spec, or what is damaged in a run, or say "ok".'
        'data' = 'Look at data before training: figures, histograms, and what is wrong.'
        'summary' = 'Show a network''s layers, shapes, parameters and memory; draw it.'
        'explain' = 'Tell what a layer, word, key, verb or error code means, with an example.'
        'train' = 'Train a network into a run folder.'
        'bench' = 'Measure how quick training is, where its time goes, and what limits it.'
        'find-lr' = 'Find a learning rate: one short run in which it grows from step to step.'
        'inspect-gradients' = 'Look at gradients and activations layer by layer, and say what is wrong.'
        'runs' = 'List runs with their best figures, or tell what differs between some.'
        'report' = 'Write a page of what there is to see of a run, or of several.'
        'evaluate' = 'Measure a trained network: loss, metrics, confusion matrix.'
        'predict' = 'Predict raw rows: one row out per row in, in order.'
        'generate' = 'Let a trained network make images or numbers, or write text, by a recipe of its spec.'
        'export' = 'Write a network as one file, after running that beside the network.'
    }
    # What may stand in each place: words, and @ with a kind of path.
    $arguments = @{
        'init' = @('@files builtin:breast-cancer builtin:diabetes builtin:digits builtin:energy builtin:iris builtin:python-chapters builtin:python-topics builtin:tones builtin:wine')
        'check' = @('@specs @runs')
        'data' = @('@specs')
        'summary' = @('@specs')
        'explain' = @('name from take repeat share init parametrize freeze checkpoint when shortcut join weights Sequential residual parallel compute rearrange reduce repeat_axis Parameter name description include vars constants blocks network networks predict network.inputs network.layers network.outputs network.init network.parametrize network.weights network.freeze inputs.shape inputs.type inputs.vocabulary inputs.classes inputs.rate inputs.mask blocks.args blocks.inputs blocks.vars blocks.layers blocks.outputs weights.file weights.rename weights.transpose weights.split weights.join weights.skip size x batch features classes vocabulary rate mask padding record names paths patterns expressions arithmetic loops functions builtin accuracy f1 precision recall auroc mae rmse r2 mape smape balanced_accuracy mcc kappa average_precision iou data data.train data.validation data.test data.split data.split.validation data.split.test data.split.stratify data.split.group data.split.time data.split.folds data.split.fold data.split.seed data.inputs data.inputs.NAME data.inputs.NAME.type data.inputs.NAME.column data.inputs.NAME.columns data.inputs.NAME.shape data.inputs.NAME.missing data.inputs.NAME.scale data.inputs.NAME.log data.inputs.NAME.unit data.inputs.NAME.classes data.inputs.NAME.positive data.inputs.NAME.rare data.inputs.NAME.unknown data.inputs.NAME.separator data.inputs.NAME.format data.inputs.NAME.parts data.inputs.NAME.size data.inputs.NAME.channels data.inputs.NAME.resize data.inputs.NAME.augment data.inputs.NAME.views data.inputs.NAME.image data.inputs.NAME.tokenizer data.inputs.NAME.length data.inputs.NAME.truncate data.inputs.NAME.pad data.inputs.NAME.lowercase data.inputs.NAME.begin data.inputs.NAME.end data.inputs.NAME.vocabulary data.inputs.NAME.rate data.inputs.NAME.window data.inputs.NAME.shift data.targets data.time data.group data.stride data.season data.delimiter data.encoding data.nulls training training.loss training.updates training.compute training.optimizer training.groups training.schedule training.epochs training.steps training.minutes training.phases training.phases.epochs training.phases.freeze training.phases.optimizer training.phases.groups training.phases.schedule training.phases.accumulate training.phases.clip_gradients training.phases.clip_gradients.norm training.phases.clip_gradients.value training.phases.regularise training.freeze training.batch_size training.precision training.choices training.compile training.accumulate training.clip_gradients training.clip_gradients.norm training.clip_gradients.value training.regularise training.average training.on_non_finite training.on_non_finite.policy training.on_non_finite.learning_rate_factor training.on_non_finite.times training.stop_early training.stop_early.watch training.stop_early.patience training.keep_best training.keep training.checkpoint_every training.metrics training.class_weights training.sampling training.seed')
        'train' = @('@specs')
        'bench' = @('@specs')
        'find-lr' = @('@specs')
        'inspect-gradients' = @('@specs @runs')
        'runs' = @('@folders')
        'report' = @('@runs')
        'evaluate' = @('@runs')
        'predict' = @('@runs', '@files')
        'generate' = @('@runs')
        'export' = @('@runs @specs')
    }
    $repeats = @('check', 'report')
    # The options of each verb, and in '' those before a verb. A switch has no Value.
    $options = @{
        '' = @(
            @{ Names = @('--version'); Help = 'Print the version and exit.' }
            @{ Names = @('--debug'); Help = 'Show a traceback where something fails.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'init' = @(
            @{ Names = @('--target'); Value = ''; Help = 'The column to predict; default: guessed.' }
            @{ Names = @('-o', '--output'); Value = '@files'; Help = 'The spec to write; default: NAME.yaml.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'check' = @(
            @{ Names = @('--set'); Value = ''; Help = 'Change one value of the spec; repeatable.' }
            @{ Names = @('--no-data'); Help = 'Use stand-in sizes instead of reading data.' }
            @{ Names = @('--resolved'); Help = 'Print the spec with every default and size filled in.' }
            @{ Names = @('--replay'); Value = ''; Help = 'Do N steps of a run again and compare losses.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'data' = @(
            @{ Names = @('--set'); Value = ''; Help = 'Change one value of the spec; repeatable.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--fail-on'); Value = ''; Help = 'Exit 1 if one of these is found: leakage, duplicates, noise, giveaway, imbalance, rare, constant, filled, outside.' }
            @{ Names = @('--contact-sheet'); Value = '@files'; Help = 'Draw images after augmentation into a PNG.' }
            @{ Names = @('--overwrite'); Help = 'Replace an existing PNG.' }
            @{ Names = @('--cache'); Value = 'list clear'; Help = 'list or clear what is kept to be quicker next time.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'summary' = @(
            @{ Names = @('--set'); Value = ''; Help = 'Change one value of the spec; repeatable.' }
            @{ Names = @('--no-data'); Help = 'Use stand-in sizes instead of reading data.' }
            @{ Names = @('--flat'); Help = 'List every call by its whole name; fold nothing.' }
            @{ Names = @('--depth'); Value = ''; Help = 'Show at most N scopes inside each other.' }
            @{ Names = @('--batch-size'); Value = ''; Help = 'Takes the place of training.batch_size.' }
            @{ Names = @('--memory'); Value = ''; Help = 'Find the largest batch that fits, as in 8GiB.' }
            @{ Names = @('--graph'); Value = '@files'; Help = 'Draw the network into a .svg or .png file.' }
            @{ Names = @('--overwrite'); Help = 'Replace an existing drawing.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'explain' = @(
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--schema'); Help = 'Write a JSON Schema of specs, for completion in editors.' }
            @{ Names = @('-o', '--output'); Value = '@files'; Help = 'Where --schema goes; default: stdout.' }
            @{ Names = @('--overwrite'); Help = 'Replace an existing file.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'train' = @(
            @{ Names = @('--run'); Value = '@folders'; Help = 'The run folder; default: runs/<name>/<number>.' }
            @{ Names = @('--set'); Value = ''; Help = 'Change one value of the spec; repeatable.' }
            @{ Names = @('--seed'); Value = ''; Help = 'Takes the place of training.seed.' }
            @{ Names = @('--epochs'); Value = ''; Help = 'Takes the place of training.epochs.' }
            @{ Names = @('--fold'); Value = ''; Help = 'Test on the K-th of N folds; trains on the others.' }
            @{ Names = @('--resume'); Help = 'Go on from the newest checkpoint.' }
            @{ Names = @('--dry-run'); Help = 'Check, train a few steps, estimate; write nothing.' }
            @{ Names = @('--overfit-batch'); Help = 'Can it learn one batch by heart? Write nothing.' }
            @{ Names = @('-q', '--quiet'); Help = 'Only errors on stderr.' }
            @{ Names = @('--json'); Help = 'Write one JSON row an epoch to stdout.' }
            @{ Names = @('--device'); Value = 'auto cpu cuda cuda:0'; Help = 'auto, cpu, cuda or cuda:N.' }
            @{ Names = @('--threads'); Value = ''; Help = 'CPU threads; default: OMP_NUM_THREADS, or all cores.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'bench' = @(
            @{ Names = @('--set'); Value = ''; Help = 'Change one value of the spec; repeatable.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--device'); Value = 'auto cpu cuda cuda:0'; Help = 'auto, cpu, cuda or cuda:N.' }
            @{ Names = @('--threads'); Value = ''; Help = 'CPU threads; default: OMP_NUM_THREADS, or all cores.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'find-lr' = @(
            @{ Names = @('--set'); Value = ''; Help = 'Change one value of the spec; repeatable.' }
            @{ Names = @('--from'); Value = ''; Help = 'The first learning rate.' }
            @{ Names = @('--to'); Value = ''; Help = 'The last one.' }
            @{ Names = @('--steps'); Value = ''; Help = 'How many steps lie between.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--device'); Value = 'auto cpu cuda cuda:0'; Help = 'auto, cpu, cuda or cuda:N.' }
            @{ Names = @('--threads'); Value = ''; Help = 'CPU threads; default: OMP_NUM_THREADS, or all cores.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'inspect-gradients' = @(
            @{ Names = @('--batches'); Value = ''; Help = 'Batches to look at.' }
            @{ Names = @('--set'); Value = ''; Help = 'Change one value of the spec; repeatable.' }
            @{ Names = @('--data'); Value = '@files'; Help = 'Other rows than those that the run was trained on.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--fail-on'); Value = 'invalid_targets nonfinite_data leakage label_noise unscaled_inputs class_imbalance unscaled_targets loss_activation_mismatch output_range_mismatch missing_activation missing_bias lost_input symmetric_init bad_init_scale saturated_activations dead_units vanishing_gradients exploding_gradients no_gradient bad_initial_loss lr_too_high lr_too_low over_regularised nan_loss batch_size overfitting undertrained underfitting diverging_loss unstable_loss noisy_gradients discriminator_ahead constant_predictions train_eval_mismatch not_learning'; Help = 'Exit 1 if this finding is there; repeatable.' }
            @{ Names = @('--strict'); Help = 'Exit 1 on any warning or error.' }
            @{ Names = @('--try'); Help = 'Run some steps with each patch, and say what it does.' }
            @{ Names = @('--write'); Value = '@files'; Help = 'Write the spec with the patches in it.' }
            @{ Names = @('--device'); Value = 'auto cpu cuda cuda:0'; Help = 'auto, cpu, cuda or cuda:N.' }
            @{ Names = @('--threads'); Value = ''; Help = 'CPU threads; default: OMP_NUM_THREADS, or all cores.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'runs' = @(
            @{ Names = @('--name'); Value = ''; Help = 'Only runs of specs with such a name; quote it.' }
            @{ Names = @('--state'); Value = 'training done interrupted failed killed damaged'; Help = 'training, done, interrupted, failed, killed or damaged; repeatable.' }
            @{ Names = @('--figure'); Value = ''; Help = 'The figure that is shown, as in validation.loss.' }
            @{ Names = @('--sort'); Value = ''; Help = 'started, time, run or a figure; the best comes last.' }
            @{ Names = @('--last'); Value = ''; Help = 'Only the last N of the list.' }
            @{ Names = @('--diff'); Value = '@runs'; Help = 'Tell what differs between two runs.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'report' = @(
            @{ Names = @('-o', '--output'); Value = '@files'; Help = 'The HTML file; default: report.html.' }
            @{ Names = @('--png'); Value = '@folders'; Help = 'Write the plots alone, each as a PNG.' }
            @{ Names = @('--terminal'); Help = 'Draw the curves in the terminal.' }
            @{ Names = @('--overwrite'); Help = 'Replace files that are there.' }
            @{ Names = @('--data'); Value = '@files'; Help = 'Other rows than those of the spec.' }
            @{ Names = @('--device'); Value = 'auto cpu cuda cuda:0'; Help = 'auto, cpu, cuda or cuda:N.' }
            @{ Names = @('--threads'); Value = ''; Help = 'CPU threads; default: OMP_NUM_THREADS, or all cores.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'evaluate' = @(
            @{ Names = @('--split'); Value = 'train validation test'; Help = 'train, validation or test; default: test.' }
            @{ Names = @('--data'); Value = '@files'; Help = 'Other rows than those of the spec.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--require'); Value = ''; Help = 'Exit 1 where this is missed; quote it; repeatable.' }
            @{ Names = @('--device'); Value = 'auto cpu cuda cuda:0'; Help = 'auto, cpu, cuda or cuda:N.' }
            @{ Names = @('--threads'); Value = ''; Help = 'CPU threads; default: OMP_NUM_THREADS, or all cores.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'predict' = @(
            @{ Names = @('--text'); Value = ''; Help = 'A text in place of a file; repeatable.' }
            @{ Names = @('-o', '--output'); Value = '@files'; Help = 'Where to write; - is stdout.' }
            @{ Names = @('--format'); Value = 'csv jsonl parquet'; Help = 'csv, jsonl, parquet; default: by suffix or csv.' }
            @{ Names = @('--keep'); Value = ''; Help = 'Let a column of the input go along; repeatable.' }
            @{ Names = @('--keep-all'); Help = 'Let every column go along.' }
            @{ Names = @('--recipe'); Value = ''; Help = 'A recipe that the spec gives below predict:.' }
            @{ Names = @('--overwrite'); Help = 'Replace an existing output.' }
            @{ Names = @('--device'); Value = 'auto cpu cuda cuda:0'; Help = 'auto, cpu, cuda or cuda:N.' }
            @{ Names = @('--threads'); Value = ''; Help = 'CPU threads; default: OMP_NUM_THREADS, or all cores.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'generate' = @(
            @{ Names = @('--recipe'); Value = ''; Help = 'A recipe that the spec gives below predict:.' }
            @{ Names = @('--prompt'); Value = ''; Help = 'The text that goes on.' }
            @{ Names = @('--temperature'); Value = ''; Help = 'How bold a text is; 0 takes the likeliest token.' }
            @{ Names = @('--top-k'); Value = ''; Help = 'Draw from the K likeliest tokens.' }
            @{ Names = @('--top-p'); Value = ''; Help = 'Draw from the likeliest tokens that together have P.' }
            @{ Names = @('--length'); Value = ''; Help = 'Tokens that are written at most; default: 300.' }
            @{ Names = @('-n', '--count'); Value = ''; Help = 'How many: 16 rows, or one text.' }
            @{ Names = @('--seed'); Value = ''; Help = 'What is drawn; the same seed draws the same.' }
            @{ Names = @('-o', '--output'); Value = '@files'; Help = 'A .png, .npz, .safetensors, .csv or .txt file.' }
            @{ Names = @('--json'); Help = 'Write JSON to stdout instead of a table.' }
            @{ Names = @('--overwrite'); Help = 'Replace an existing output.' }
            @{ Names = @('--device'); Value = 'auto cpu cuda cuda:0'; Help = 'auto, cpu, cuda or cuda:N.' }
            @{ Names = @('--threads'); Value = ''; Help = 'CPU threads; default: OMP_NUM_THREADS, or all cores.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
        'export' = @(
            @{ Names = @('-o', '--output'); Value = '@files'; Help = 'To write: .safetensors, .py, .pt2 or .onnx by its format.' }
            @{ Names = @('--format'); Value = 'safetensors python pt2 onnx'; Help = 'safetensors, python, pt2 or onnx; default: by the ending of FILE, which must agree.' }
            @{ Names = @('--network'); Value = ''; Help = 'One of several networks; .safetensors holds all of them.' }
            @{ Names = @('--set'); Value = ''; Help = 'Change one value of the spec; repeatable.' }
            @{ Names = @('--overwrite'); Help = 'Replace an existing file.' }
            @{ Names = @('--json'); Help = 'Write what was done as JSON to stdout.' }
            @{ Names = @('--code'); Value = '@files'; Help = 'Your own layers: runs this Python file, as you; repeatable.' }
            @{ Names = @('-h', '--help'); Help = 'Show this message and exit.' }
        )
    }

    $verb = ''
    $option = $null
    $place = 0
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        if ($wordToComplete -and $element.Extent.EndOffset -ge $cursorPosition) { break }
        $word = $element.Extent.Text
        if ($option) { $option = $null }
        elseif ($word.StartsWith('-')) {
            $option = $options[$verb] | Where-Object { $_.Names -contains $word -and $null -ne $_.Value }
        }
        elseif (-not $verb) { $verb = $word }
        elseif ($repeats -notcontains $verb) { $place++ }
    }

    if ($option) { $value = $option.Value }
    elseif ($wordToComplete.StartsWith('-')) {
        foreach ($each in $options[$verb]) {
            foreach ($name in $each.Names | Where-Object { $_ -like "$wordToComplete*" }) {
                [Management.Automation.CompletionResult]::new($name, $name, 'ParameterName', $each.Help)
            }
        }
        return
    }
    elseif (-not $verb) {
        foreach ($name in $verbs.Keys | Where-Object { $_ -like "$wordToComplete*" }) {
            [Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $verbs[$name])
        }
        return
    }
    else { $value = $arguments[$verb][$place] }

    $folder = $wordToComplete -replace '[^/\\]*$', ''
    $here = Get-ChildItem -Path "$wordToComplete*" -ErrorAction SilentlyContinue
    $folders = $here | Where-Object { $_.PSIsContainer } | ForEach-Object { "$folder$($_.Name)/" }
    $found = switch ($value -split ' ') {
        '@specs' {
            $here | Where-Object { $_.Extension -in '.yaml', '.yml' } | ForEach-Object { "$folder$($_.Name)" }
            $folders
        }
        '@runs' {
            Get-ChildItem -Path 'runs/*/run.json' | ForEach-Object { "runs/$($_.Directory.Name)" }
            Get-ChildItem -Path 'runs/*/*/run.json' |
                ForEach-Object { "runs/$($_.Directory.Parent.Name)/$($_.Directory.Name)" }
            $here | Where-Object { $_.Extension -eq '.safetensors' } | ForEach-Object { "$folder$($_.Name)" }
            $folders
        }
        '@files' { $here | ForEach-Object { "$folder$($_.Name)" } }
        '@folders' { $folders }
        default { $_ }
    }
    foreach ($text in $found | Where-Object { $_ -and $_ -like "$wordToComplete*" } | Select-Object -Unique) {
        $typed = if ($text -match '\s') { "'$text'" } else { $text }
        [Management.Automation.CompletionResult]::new($typed, $text, 'ParameterValue', $text)
    }
}
