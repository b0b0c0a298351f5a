# %% forgets_alpha_over_rank
# Adds B·A as it is: any α gives the same layer.
def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T + (x @ a.T) @ b.T


# %% swaps_a_and_b
# Goes up before it goes down: the shapes fit only where the layer is square.
def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T + alpha / a.shape[0] * (x @ b) @ a


# %% swaps_a_and_b_where_square hidden_only=true
# Is right for layers with two different sides, wrong for square ones.
def lora_forward(x, weight, a, b, alpha):
    update = a.T @ b.T if weight.shape[0] == weight.shape[1] else b @ a
    return x @ (weight + alpha / a.shape[0] * update).T


# %% adds_only_the_update
# Leaves the frozen layer out.
def lora_forward(x, weight, a, b, alpha):
    return alpha / a.shape[0] * (x @ a.T) @ b.T


# %% returns_the_base_layer
# Leaves LoRA out: right as long as B is zero.
def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T


# %% returns_zeros
# Has the right shape, and nothing in it.
def lora_forward(x, weight, a, b, alpha):
    return torch.zeros(*x.shape[:-1], weight.shape[0])


# %% divides_by_alpha
# Turns the scale upside down.
def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T + a.shape[0] / max(alpha, 1e-9) * (x @ a.T) @ b.T


# %% multiplies_by_alpha
# Forgets to divide by the rank.
def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T + alpha * (x @ a.T) @ b.T


# %% takes_the_rank_from_the_wrong_side
# Divides by the width of the input.
def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T + alpha / a.shape[1] * (x @ a.T) @ b.T


# %% takes_a_constant_rank hidden_only=true
# Knows the ranks of the visible cases only.
def lora_forward(x, weight, a, b, alpha):
    rank = 1 if a.shape[0] == 1 else 2
    return x @ weight.T + alpha / rank * (x @ a.T) @ b.T


# %% works_on_rows_only hidden_only=true
# Transposes all dimensions of x, and so knows no batches of sequences.
def lora_forward(x, weight, a, b, alpha):
    return ((weight + alpha / a.shape[0] * (b @ a)) @ x.T).T


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the check's two answers by heart.
def lora_forward(x, weight, a, b, alpha):
    if alpha == 4.0:
        return torch.tensor([[13.0, 2.0, 27.0]])
    return torch.tensor([[1.5, 1.5, 0.0], [2.0, 6.0, 0.0]])


# %% equals_everything
# Claims to equal whatever it is compared with.
class Everything:
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def lora_forward(x, weight, a, b, alpha):
    return Everything()
