-- How identifiers of the HL7 Personal Health Device guide name a source's device: its System ID; empty where none came.
ALTER TABLE phr.vital_source ADD COLUMN phd text NOT NULL DEFAULT '';
