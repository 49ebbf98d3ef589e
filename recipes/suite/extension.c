/* An extension as small as can be. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
twice(PyObject *module, PyObject *argument)
{
    return PyNumber_Add(argument, argument);
}

static PyMethodDef methods[] = {
    {"twice", twice, METH_O, "A number and itself."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "verbatim_extension", NULL, 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit_verbatim_extension(void)
{
    return PyModuleDef_Init(&definition);
}
