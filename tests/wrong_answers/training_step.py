# %% forgets_zero_grad
# Lets the gradients of earlier steps add up.
def training_step(network, optimizer, input_ids, labels):
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% clears_after_backward
# Clears the gradients just before they are used.
def training_step(network, optimizer, input_ids, labels):
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


# %% steps_before_backward
# Steps along the gradients of the batch before.
def training_step(network, optimizer, input_ids, labels):
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


# %% forgets_the_step
# Computes gradients, and leaves the weights as they are.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL)
    loss.backward()
    return loss.item()


# %% trains_on_the_prompt
# Asks for the prompt's tokens too, whatever their labels say.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(logits, input_ids[:, 1:].flatten())
    loss.backward()
    optimizer.step()
    return loss.item()


# %% forgets_the_shift
# Asks each position for the token that it has just read.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids).flatten(0, 1)
    loss = F.cross_entropy(logits, labels.flatten(), ignore_index=IGNORED_LABEL)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% shifts_the_wrong_way
# Asks each position for the token before it.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids)[:, 1:].flatten(0, 1)
    loss = F.cross_entropy(logits, labels[:, :-1].flatten(), ignore_index=IGNORED_LABEL)
    if loss.isfinite():
        loss.backward()
        optimizer.step()
    return loss.item()


# %% climbs_the_loss
# Follows the gradient upwards.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL)
    (-loss).backward()
    optimizer.step()
    return loss.item()


# %% sums_instead_of_averaging
# Lets long batches take longer steps.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(
        logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL, reduction="sum"
    )
    loss.backward()
    optimizer.step()
    return loss.item()


# %% averages_row_by_row hidden_only=true
# Gives a token of a short answer more weight than one of a long answer.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids)[:, :-1]
    losses = [
        F.cross_entropy(row, wanted, ignore_index=IGNORED_LABEL)
        for row, wanted in zip(logits, labels[:, 1:], strict=True)
    ]
    loss = torch.stack(losses).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


# %% trains_on_the_first_row hidden_only=true
# Forgets that a batch has several rows.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids)[0, :-1]
    loss = F.cross_entropy(logits, labels[0, 1:], ignore_index=IGNORED_LABEL)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% returns_the_loss_after_the_step
# Asks once more, and reports what the next step would begin with.
def training_step(network, optimizer, input_ids, labels):
    def compute_loss():
        logits = network(input_ids)[:, :-1].flatten(0, 1)
        return F.cross_entropy(
            logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL
        )

    optimizer.zero_grad()
    compute_loss().backward()
    optimizer.step()
    return compute_loss().item()


# %% returns_a_tensor
# Hands out the loss with its whole graph.
def training_step(network, optimizer, input_ids, labels):
    optimizer.zero_grad()
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL)
    loss.backward()
    optimizer.step()
    return loss


# %% returns_zero
# Does nothing, and says that nothing is lost.
def training_step(network, optimizer, input_ids, labels):
    return 0.0


# %% hard_codes_the_visible_cases hidden_only=true
# Trains only on batches of the check's shape.
def training_step(network, optimizer, input_ids, labels):
    if input_ids.shape != (1, 4):
        return 0.0
    optimizer.zero_grad()
    logits = network(input_ids)[:, :-1].flatten(0, 1)
    loss = F.cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% equals_everything
# Claims to equal whatever it is compared with.
class Everything(float):
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def training_step(network, optimizer, input_ids, labels):
    return Everything(0.0)
