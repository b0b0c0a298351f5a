# Each target does the set-up that it needs, once, on a fresh machine. See `make help`.

PYTHON ?= python3
VENV ?= .venv
WORK ?= $(HOME)/prompt-or-tune
TORCH_INDEX_URL ?=
ARGS ?=

# Somebody who names another Python than that of .venv gets an environment beside it.
ifeq ($(origin VENV),file)
ifneq ($(origin PYTHON),file)
minor := import sys; print("%d.%d" % sys.version_info[:2])
asked := $(shell $(PYTHON) -c '$(minor)' 2>/dev/null)
there := $(shell test -x $(VENV)/bin/python && $(VENV)/bin/python -c '$(minor)')
ifneq ($(filter-out $(asked),$(there)),)
VENV := .venv-$(asked)
endif
endif
endif

# Not every shell expands the tilde of `make lab WORK=~/course`.
override WORK := $(patsubst ~/%,$(HOME)/%,$(WORK))
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
TORCH := $(shell grep '^torch==' constraints.txt)
named_index := $(if $(strip $(TORCH_INDEX_URL)),the one given,the usual one)

.PHONY: help tour lab check test course solutions clean same-python
.NOTPARALLEL:

help:
	@echo 'Prompt or Tune? Each command sets up what it needs the first time.'
	@echo
	@echo '  make tour       the five stages on 1000 samples, measured and printed'
	@echo '  make lab        your own copy of the course, opened in JupyterLab'
	@echo '  make check      lint, format, types, imports and the quick tests, in 90 seconds'
	@echo '  make test       the same with all tests, slow ones last, in about 20 minutes'
	@echo '  make course     build the notebooks of course/ from the text in solutions/'
	@echo '  make solutions  execute the notebooks with their solutions into build/solutions'
	@echo '  make clean      remove $(VENV) and what was built; your copy of the course stays'
	@echo
	@echo 'Variables, as in `make tour PYTHON=python3.13`:'
	@echo '  PYTHON           the Python to set up with, 3.11 or newer (now $(PYTHON))'
	@echo '  TORCH_INDEX_URL  the package index to take PyTorch from (now $(named_index))'
	@echo '  WORK             where your copy of the course is (now $(WORK))'
	@echo '  ARGS             options for the command behind a target, as in ARGS=--help'
	@echo
	@echo 'Set-up needs a network once: about $(set_up_size).'

tour: $(VENV)/.installed-base
	@$(VENV)/bin/prompt-or-tune tour $(ARGS)

# The library is installed, not copied. What the learner has already is never overwritten.
lab: $(VENV)/.installed-lab
	@$(VENV)/bin/python -m prompt_or_tune.delivery course "$(WORK)" || $(call stop,copying)
	@echo "Your copy of the course is in $(WORK). Stop JupyterLab with Ctrl-C."
	@mkdir -p $(VENV)/etc/jupyter/labconfig
	@printf '%s\n' '$(no_news)' > $(VENV)/etc/jupyter/labconfig/page_config.json
	@lab="$(abspath $(VENV))/bin/jupyter-lab"; cd "$(WORK)" && "$$lab" $(on_tour) $(ARGS)

on_tour := --LabApp.default_url=/lab/tree/00_tour/00_tour.ipynb
# JupyterLab would ask whether to fetch news, and the network for its newer versions.
no_news := {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}

course: $(VENV)/.installed-grade
	@$(VENV)/bin/python -m solutions.workshop build $(ARGS)

solutions: $(VENV)/.installed-grade
	@$(VENV)/bin/python -m solutions.workshop execute $(ARGS)

check: $(VENV)/.installed-test
	@$(VENV)/bin/python -m tests.check $(ARGS)

test: $(VENV)/.installed-test build/colab/.installed
	@$(VENV)/bin/python -m tests.check --everything $(ARGS)

clean:
	rm -rf $(VENV) $(wildcard .venv-[0-9]*) build dist *.egg-info course/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# --- Set-up: a stamp file for each finished step, so that nothing is done twice ---------

# Somebody who names a Python must not get the one that an earlier call set up.
named_python := $(if $(filter file,$(origin PYTHON)),,same-python)

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { $(PYTHON) --version >&2; $(call stop,old_python); }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(call stop,no_venv)
	@echo '--- Creating $(VENV) with $(PYTHON)'
	@$(PYTHON) -m venv $(VENV) || $(call stop,set_up)
	@touch $@

same-python: $(VENV)/.created
	@version='import sys; print(sys.version_info[:2])'; \
	[ "$$($(PYTHON) -c "$$version")" = "$$($(VENV)/bin/python -c "$$version")" ] \
	  || $(call stop,other_python)

# What torch itself needs follows in the next step, from the usual index and by our pins.
$(VENV)/.installed-torch: $(VENV)/.created constraints.txt | $(named_python)
	@printf '%s\n' "$$before_torch"
	@$(PIP) install --no-deps $(torch_index) $(TORCH) || $(call stop,set_up)
	@touch $@

torch_index := $(if $(strip $(TORCH_INDEX_URL)),--index-url "$(strip $(TORCH_INDEX_URL))")

installed := $(addprefix $(VENV)/.installed-,base lab grade test)
$(VENV)/.installed-lab: extras := [lab]
$(VENV)/.installed-grade: extras := [grade]
$(VENV)/.installed-test: extras := [lab,grade,test]

# setuptools first: then the build takes it from here, and downloads nothing unpinned.
$(installed): $(VENV)/.installed-torch pyproject.toml constraints.txt
	@echo '--- The library and what it needs$(if $(extras), for $(extras))'
	@$(PIP) install -c constraints.txt setuptools || $(call stop,set_up)
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.$(extras)' \
	  || $(call stop,set_up)
	@touch $@

# Colab's versions of what is plain Python: tests/colab runs a notebook on them.
build/colab/.installed: tests/colab/requirements.txt | $(VENV)/.installed-test
	@rm -rf build/colab && mkdir -p build/colab
	@$(PIP) install --quiet --no-deps --target build/colab -r $< || $(call stop,set_up)
	@touch $@

# --- What is said -----------------------------------------------------------------------

set_up_size := 2 minutes and 1.4 GB (for the tests 2.1 GB) with a CPU build of PyTorch

define before_torch
--- Set-up, once: about $(set_up_size).
--- PyTorch comes first, the largest part.
$(torch_source)
endef

ifeq ($(strip $(TORCH_INDEX_URL)),)
define torch_source
--- On Linux the usual index may give a build for NVIDIA GPUs: several GB more. For the
--- CPU build, stop now (Ctrl-C) and name the index that PyTorch's install page gives for
--- pip and CPU: make $(MAKECMDGOALS) TORCH_INDEX_URL=...
endef
else
torch_source := --- It is taken from TORCH_INDEX_URL.
endif

define old_python
Prompt or Tune needs Python 3.11 or newer, and $(PYTHON) is not one.
Install one, or name one that you have: make $(MAKECMDGOALS) PYTHON=python3.13
endef

define no_venv
The Python called $(PYTHON) has no venv module to set up with.
Install it (Debian, Ubuntu: sudo apt install python3-venv), then: make $(MAKECMDGOALS)
endef

define other_python
$(VENV) was set up with another version of Python than $(PYTHON).
Name another folder for it, or leave VENV out: then each version gets its own.
endef

define set_up
Set-up stopped; the lines above say why. Often it is the network, or a full disk.
The same command goes on where it stopped. If that does not help: make clean
endef

define copying
The course could not be copied to $(WORK).
Name a folder that you may write to: make lab WORK=FOLDER
endef

export before_torch old_python no_venv other_python set_up copying
stop = { printf '%s\n' "$$$(1)" >&2; exit 1; }
