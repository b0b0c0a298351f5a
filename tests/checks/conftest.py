from tests.tiny_course import make_course as make_course
