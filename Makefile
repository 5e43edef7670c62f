# Everything that can be done with a fresh clone. Paths stay relative, so that the folder may have
# spaces in its name.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
DEMO := runs/demo

.PHONY: help venv demo test torture format generated pictures

help:
	@echo "make demo       train, evaluate, predict, inspect and export specs/digits-cnn.yaml"
	@echo "make test       formatting, lint, types and all tests"
	@echo "make torture    the fuzzing, kill and fault tests with their full counts"
	@echo "make format     put the code into its form"
	@echo "make generated  write the generated files again"
	@echo "make pictures   take the pictures of README.md again"

venv: $(INSTALLED)

# Done again only where what is installed has changed.
$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $(INSTALLED)

demo: venv
	rm -rf $(DEMO) $(DEMO)-rows.csv $(DEMO)-predictions.csv $(DEMO).safetensors
	$(BIN)/nncli train specs/digits-cnn.yaml --run $(DEMO)
	$(BIN)/nncli evaluate $(DEMO)
	head -n 4 nncli/data/builtin/digits.csv > $(DEMO)-rows.csv
	$(BIN)/nncli predict $(DEMO) $(DEMO)-rows.csv
	$(BIN)/nncli inspect-gradients $(DEMO)
	$(BIN)/nncli export $(DEMO) --format safetensors --output $(DEMO).safetensors

test: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict nncli
	$(BIN)/python -m pytest -n 2

torture: venv
	NNCLI_TORTURE=100000 $(BIN)/python -m pytest -n 2

format: venv
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generated: venv
	$(BIN)/python -m tools.generate_errors
	$(BIN)/python -m tools.generate_completions

# Apart from the rest, since rates and times differ in every picture.
pictures: venv
	$(BIN)/python -m tools.generate_pictures
