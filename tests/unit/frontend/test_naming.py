from archsim.frontend.naming import Origin, op_names


def names(*origins):
    return op_names([Origin(*origin) for origin in origins])


def test_leaf_that_does_one_thing_is_its_path():
    assert names(("layer1.0.conv1", "conv"), ("fc", "linear")) == ["layer1.0.conv1", "fc"]


def test_module_that_holds_others_says_what_it_does_itself():
    assert names(("a.b", "conv"), ("a", "add")) == ["a.b", "a:add"]


def test_path_is_a_parent_only_at_a_dot():
    assert names(("conv1", "conv"), ("conv10", "conv")) == ["conv1", "conv10"]


def test_several_things_are_told_apart_by_kind_and_number():
    found = names(("attn", "matmul"), ("attn", "softmax"), ("attn", "matmul"))
    assert found == ["attn:matmul#1", "attn:softmax", "attn:matmul#2"]


def test_shared_module_is_numbered():
    assert names(("relu", "relu"), ("relu", "relu")) == ["relu#1", "relu#2"]


def test_model_itself_is_called_forward():
    assert names(("", "flatten"), ("flatten", "reshape")) == ["forward:flatten", "flatten"]
