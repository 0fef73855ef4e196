"""Rules about children and those who act for them: guardianship, growth, vaccinations, check-ins, tooth brushing."""
