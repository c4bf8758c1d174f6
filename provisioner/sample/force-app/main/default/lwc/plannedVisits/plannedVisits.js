import { LightningElement, api, wire } from 'lwc';
import countPlanned from '@salesforce/apex/VisitService.countPlanned';

export default class PlannedVisits extends LightningElement {
    @api recordId;

    @wire(countPlanned, { accountId: '$recordId' })
    answer;

    get count() {
        return this.answer?.data ?? 0;
    }
}
