trigger VisitTrigger on Visit__c(before insert) {
    VisitService.setDefaults(Trigger.new);
}
