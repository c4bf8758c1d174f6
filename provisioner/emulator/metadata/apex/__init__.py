"""A light reader of Apex: syntax with positions, the sObject types that code names, simple DML."""
