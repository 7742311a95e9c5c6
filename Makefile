# Heirloom: `make run` and it is there. Everything lives in .venv/ and var/.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY     := .venv/bin/python
ARGS   ?=

# What `check --deploy` judges: production's settings, with secrets of no worth.
PRODUCTION := DEBUG=false SANDBOX=false VAR_DIR=$(CURDIR)/var/check \
	SECRET_KEY=only-for-the-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF \
	ALLOWED_HOSTS=heirloom.example PUBLIC_BASE_URL=https://heirloom.example \
	AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x PIXAZO_API_KEY=x EMAIL_URL=smtp://127.0.0.1 \
	CONTROLLER_NAME=x CONTROLLER_ADDRESS=x CONTROLLER_EMAIL=x@heirloom.example CONTROLLER_COUNTRY=x \
	STORAGE_LOCATION=x

.PHONY: help run test bench model chaos demo screenshots lighthouse messages lint format site-ready dev-ready contract
.SILENT:

help: ## say what can be made (this)
	sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1	\2/p' Makefile

run: site-ready ## start everything; PORT=9000 moves the site, Ctrl-C stops it
	exec $(PY) -m sandbox.stack

# Two workers more than the two processors of a small machine: journeys and browsers mostly wait. So
# none of their pictures' arithmetic takes more than one processor: its threads wait by spinning.
test: dev-ready ## all tests, unit to real browser; ARGS="-k wallet" chooses
	$(PY) -m sandbox.stack.browser
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OPENCV_FOR_THREADS_NUM=1 exec $(PY) -m pytest -n 4 $(ARGS)

bench: dev-ready ## measure, as ratios, what has to stay quick
	exec $(PY) -m pytest tests/benchmarks -o python_files="bench_*.py" -o python_functions="bench_*" -s -q $(ARGS)

model: dev-ready ## permute what can happen to one job, for long; EXAMPLES=2000
	EXAMPLES=$(or $(EXAMPLES),500) exec $(PY) -m pytest tests/jobs/test_model.py -q -n 0 --timeout 0 $(ARGS)

chaos: dev-ready ## hundreds of jobs while everything fails; JOBS=300 SECONDS=420 SEED=1
	JOBS=$(JOBS) SECONDS=$(SECONDS) SEED=$(SEED) exec $(PY) -m tests.chaos $(ARGS)

demo: site-ready ## restore a sample photo with each model, on a stack of its own
	exec $(PY) -m sandbox.demo $(ARGS)

contract: dev-ready ## compare the vendors with their documents; with PIXAZO_API_KEY=… or FAL_KEY=… the real ones, for cents
	exec $(PY) -m tests.contract

screenshots: dev-ready ## photograph every page and state into var/screenshots/; ARGS=photo chooses
	$(PY) -m sandbox.stack.browser
	exec $(PY) -m tests.browser.tour.screenshots $(ARGS)

lighthouse: dev-ready ## let Lighthouse judge the pages that are opened most (needs Node)
	$(PY) -m sandbox.stack.browser
	exec $(PY) -m tests.browser.tour.lighthouse $(ARGS)

messages: dev-ready ## take every marked string into locale/, where it is translated, and compile that
	$(PY) manage.py messages

lint: dev-ready ## style, types, architecture, migrations, deployment settings
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	.venv/bin/lint-imports
	$(PRODUCTION) $(PY) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

format: dev-ready ## put the code in order
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

site-ready:
	$(need-python)
	$(PYTHON) sandbox/stack/venv.py requirements.txt sandbox/requirements.txt

dev-ready:
	$(need-python)
	$(PYTHON) sandbox/stack/venv.py requirements-dev.txt

define need-python
command -v "$(PYTHON)" >/dev/null || \
	{ echo "Heirloom needs Python 3.11 or later, and none was found: install it, or make PYTHON=/path/to/it" >&2; exit 1; }
endef
