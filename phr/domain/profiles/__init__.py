"""Validation: FHIR R4 as such, and profiles as data; every issue with its place, never a value."""

from phr.domain.profiles.base import Issue, base_issues
from phr.domain.profiles.checking import profile_issues
from phr.domain.profiles.table import PROFILES, Profile

__all__ = ["PROFILES", "Issue", "Profile", "base_issues", "profile_issues"]
