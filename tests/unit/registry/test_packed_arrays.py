"""Arrays as bytes: to the last bit, and never code."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from tidewatch.registry.encoding import ArraysUnreadable, pack_arrays, unpack_arrays

numbers = st.sampled_from([np.float64, np.int64, np.int8, np.bool_, np.uint16])


@given(
    arrays=st.dictionaries(
        st.sampled_from(["a", "tail_values", "x1"]),
        numbers.flatmap(lambda kind: arrays_of.arrays(kind, arrays_of.array_shapes(min_side=0, max_dims=3))),
    )
)
def test_any_arrays_come_back(arrays):
    found = unpack_arrays(pack_arrays(arrays))
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


def test_no_arrays_are_no_bytes():
    assert (pack_arrays({}), unpack_arrays(b"")) == (b"", {})


def test_an_array_of_objects_is_not_stored():
    with pytest.raises(TypeError):
        pack_arrays({"code": np.array([print], dtype=object)})


class Explosive:
    def __reduce__(self):
        return (pytest.fail, ("code ran",))


def test_a_pickle_is_never_opened():
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=True, bomb=np.array([Explosive()], dtype=object))
    for data in (packed.getvalue(), pickle.dumps(Explosive())):
        with pytest.raises(ArraysUnreadable):
            unpack_arrays(data)


@given(st.binary(min_size=1, max_size=200))
def test_other_bytes_are_refused(data):
    with pytest.raises(ArraysUnreadable):
        unpack_arrays(data)


@given(cut=st.integers(1, 200))
def test_half_a_file_is_refused(cut):
    packed = pack_arrays({"values": np.arange(100.0)})
    with pytest.raises(ArraysUnreadable):
        unpack_arrays(packed[:-cut])
