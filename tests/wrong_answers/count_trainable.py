# %% counts_frozen_weights_as_trained
# Never asks which parameters take gradients.
def count_trainable(network):
    everything = sum(p.numel() for p in network.parameters())
    return everything, everything


# %% counts_tensors
# Counts parameters as objects, not the numbers in them.
def count_trainable(network):
    parameters = list(network.parameters())
    return sum(p.requires_grad for p in parameters), len(parameters)


# %% counts_modules
# Counts the parts of the network.
def count_trainable(network):
    modules = list(network.modules())
    return len([m for m in modules if hasattr(m, "weight")]), len(modules)


# %% counts_lora_a_only
# Forgets that B is trained as well.
def count_trainable(network):
    named = dict(network.named_parameters())
    trained = sum(p.numel() for name, p in named.items() if "lora_A" in name)
    return trained, sum(p.numel() for p in named.values())


# %% counts_by_name hidden_only=true
# Takes LoRA's names for what is trained; a norm may be trained too.
def count_trainable(network):
    named = dict(network.named_parameters())
    trained = sum(p.numel() for name, p in named.items() if "lora_" in name)
    return trained, sum(p.numel() for p in named.values())


# %% returns_frozen_instead_of_all
# Gives trained and frozen, where trained and all are wanted.
def count_trainable(network):
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    frozen = sum(p.numel() for p in network.parameters() if not p.requires_grad)
    return trained, frozen


# %% counts_shared_weights_twice
# Reads the state dict, where a shared weight stands twice, and buffers stand too.
def count_trainable(network):
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return trained, sum(t.numel() for t in network.state_dict().values())


# %% counts_buffers
# Takes the buffer of positions for weights.
def count_trainable(network):
    tensors = [*network.parameters(), *network.buffers()]
    trained = sum(p.numel() for p in tensors if p.requires_grad)
    return trained, sum(p.numel() for p in tensors)


# %% returns_a_list
# Has the right numbers in the wrong type.
def count_trainable(network):
    parameters = list(network.parameters())
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    return [trained, sum(p.numel() for p in parameters)]


# %% returns_zeros
# Counts nothing.
def count_trainable(network):
    return 0, 0


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the check's two networks by their size.
def count_trainable(network):
    everything = sum(p.numel() for p in network.parameters())
    return (20 if everything == 76 else 18), everything


# %% equals_everything
# Claims to equal whatever it is compared with.
class Everything(tuple):
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def count_trainable(network):
    return Everything((0, 0))
