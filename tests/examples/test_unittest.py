"""The standard library's unittest, and any plain Python: one server, started where it is needed."""

import unittest

from emulator import server
from emulator.client import Emulator
from tests.examples.reminder import remind


class ReminderTest(unittest.TestCase):
    cpaas: Emulator

    @classmethod
    def setUpClass(cls) -> None:
        cls.cpaas = cls.enterClassContext(server.running())

    def setUp(self) -> None:
        self.cpaas.reset()

    def test_a_customer_is_reminded(self) -> None:
        remind(self.cpaas.messages_url, self.cpaas.auth, "+15550100001")
        text = self.cpaas.wait_for(to="+15550100001", status="delivered")
        self.assertEqual(text.body, "Your appointment is tomorrow")

    def test_nobody_is_reminded_unasked(self) -> None:
        self.assertEqual(self.cpaas.messages(), [])
